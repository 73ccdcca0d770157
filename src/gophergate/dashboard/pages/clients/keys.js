/** The keys of a client: what each may do; made, changed, rotated, revoked. */
import { html, useData, useEffect, useRef, useState } from "../../ui.js";
import { all, may, post } from "../../api.js";
import { href } from "../../router.js";
import { Pill, Secret, Sure, When } from "../../widgets/basics.js";
import { disconnectKnown, disconnectWord } from "../../widgets/disconnect.js";
import { Folded } from "../../widgets/folded.js";
import { FormBox, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { limitsOf } from "../../widgets/limits.js";
import { Loaded } from "../../widgets/states.js";
import { attempt } from "../../widgets/toasts.js";
import { given, held, KeyFields } from "./fields.js";
import { modelsOf, stateOf } from "./state.js";

/** @param {{clientId: string, left: string}} props `left`: the key that was open before, to go on from */
export function Keys({ clientId, left }) {
  const keys = useData(() => all("/api/keys", { client_id: clientId }), [clientId]);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const edits = may("edit");
  useFresh(["key"], keys.reload);
  useEffect(() => {
    const link = left && list.current?.querySelector(`[data-key="${CSS.escape(left)}"]`);
    if (link instanceof HTMLElement) link.focus();
  }, [Boolean(keys.data)]);
  const act = (work, done) =>
    attempt(async () => {
      const result = await work();
      keys.reload();
      return result;
    }, done);
  return html`
    <div class="stack">
      ${made && html`
        <div class="notice">
          <div class="grow">
            <${Secret} label="The new key" value=${made} />
          </div>
        </div>
      `}
      ${edits && html`
        <${Folded} word="Create a key" legend="A new key">
          ${(close) => html`
            <${NewKey}
              clientId=${clientId}
              onClose=${close}
              onMade=${(key) => {
                setMade(key);
                close();
                keys.reload();
              }}
            />
          `}
        <//>
      `}
      <${Loaded} from=${keys}>
        ${(rows) => html`
          <ul class="stack" aria-label="Keys" ref=${list}>
            ${!rows.length && html`<li class="muted">It has no key. Without one it cannot call.</li>`}
            ${rows.map((key) => {
              const [kind, word] = stateOf(key);
              return html`
                <li class="card" key=${key.id} style=${{ padding: "12px 16px" }}>
                  <div class="spread">
                    <span class="line">
                      <b>${key.name}</b>
                      <code class="muted">
                        ${key.prefix}…${key.last4}
                      </code>
                      <${Pill} kind=${kind}>${word}<//>
                    </span>
                    ${edits && !key.revoked_at && html`
                      <div class="line actions">
                        <a
                          class="button quiet"
                          data-key=${key.id}
                          aria-label=${`Change ${key.name}`}
                          href=${href("clients", `${clientId}/${key.id}`)}
                        >
                          Change
                        </a>
                        <${Sure}
                          kind="quiet"
                          word="Rotate"
                          question="A new key; the old one works one more hour."
                          onSure=${() =>
                            act(
                              async () =>
                                setMade(
                                  (await post(`/api/keys/${key.id}/rotate`, { grace_seconds: 3600 })).key,
                                ),
                              "Rotated",
                            )
                          }
                        />
                        <${Sure}
                          word="Revoke"
                          question="It stops at once, running calls too."
                          onSure=${() => act(() => post(`/api/keys/${key.id}/revoke`), "Revoked")}
                        />
                      </div>
                    `}
                  </div>
                  <dl class="pairs" style=${{ marginTop: "8px" }}>
                    <dt>Last used</dt>
                    <dd>
                      <${When} at=${key.last_used_at} />
                    </dd>
                    <dt>Expires</dt>
                    <dd>${key.expires_at ? html`<${When} at=${key.expires_at} />` : "never"}</dd>
                    <dt>Models</dt>
                    <dd>${modelsOf(key)}</dd>
                    ${key.ip_allow.length > 0 && html`
                      <dt>Addresses</dt>
                      <dd>${key.ip_allow.join(", ")}</dd>
                    `}
                    <dt>Limits</dt>
                    <dd>${limitsOf(key.limits)}</dd>
                    ${key.disconnect && html`
                      <dt>Client leaves</dt>
                      <dd>${disconnectWord(disconnectKnown(key.disconnect))}</dd>
                    `}
                  </dl>
                </li>
              `;
            })}
          </ul>
        `}
      <//>
    </div>
  `;
}

function NewKey({ clientId, onClose, onMade }) {
  const form = useForm(held(), async (values) => {
    onMade((await post("/api/keys", { client_id: clientId, ...given(values) })).key);
  });
  return html`
    <${FormBox} form=${form} word="Create the key" onCancel=${onClose}>
      <${KeyFields} form=${form} />
    <//>
  `;
}
