/** A key, changed: what it may do, until when, from where, how often. */
import { html, useData, useEffect, useRef } from "../../ui.js";
import { all, forgetNames } from "../../api.js";
import { href } from "../../router.js";
import { money, percent } from "../../format.js";
import { Pill, Sure, When } from "../../widgets/basics.js";
import { periodWords, used } from "../../widgets/budgets.js";
import { EditorBox, Read, useEditor } from "../../widgets/editor.js";
import { Loaded } from "../../widgets/states.js";
import { given, held, KeyFields } from "./fields.js";
import { stateOf } from "./state.js";

/** @param {{id: string, onDone: () => void}} props `onDone` goes back to where all of them are */
export function ChangeKey({ id, onDone }) {
  const top = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => top.current?.focus(), []);
  return html`
    <div class="stack within" tabIndex="-1" ref=${top} aria-label="Key">
      <${Read} place=${`/api/keys/${id}`}>${(row) => html`<${Editor} row=${row} onDone=${onDone} />`}<//>
    </div>
  `;
}

/** What somebody else may have changed. */
const settable = ({ name, models, ip_allow, expires_at, revoked_at, limits, disconnect }) => ({
  name,
  models,
  ip_allow,
  expires_at,
  revoked_at,
  limits,
  disconnect,
});

function Editor({ row, onDone }) {
  const editor = useEditor({
    row,
    place: `/api/keys/${row.id}`,
    held,
    given,
    settable,
    said: "Saved; the next call sees it",
    gone: "The key is deleted",
    onDone: () => {
      forgetNames();
      onDone();
    },
  });
  const [kind, word] = stateOf(row);
  return html`
    <div class="stack">
      <div class="spread">
        <h3 class="line">
          <span>${row.name}</span>${" "}
          <code class="muted">
            ${row.prefix}…${row.last4}
          </code>
          <${Pill} kind=${kind}>${word}<//>
        </h3>
        <span class="small muted">
          ${row.last_used_at ? html`
            used <${When} at=${row.last_used_at} />
          ` : (
            "never used"
          )}
        </span>
      </div>
      ${row.revoked_at ? html`
        <div class="notice">
          <span>
            It was revoked <${When} at=${row.revoked_at} />, for good. Its calls stay in the log.
          </span>
          <${Sure} word="Delete" question="It is gone from this list too." onSure=${editor.remove} />
        </div>
      ` : html`
        <${EditorBox}
          editor=${editor}
          onCancel=${onDone}
          question="It stops at once. Its calls stay in the log."
          audit=${{ kind: "key", id: row.id }}
        >
          <${KeyFields} form=${editor.form} />
        <//>
        <${Budgets} id=${row.id} />
      `}
    </div>
  `;
}

/** What it may spend: budgets stand by themselves, and are set where all of them are. */
function Budgets({ id }) {
  const whose = { scope: "key", scope_id: id };
  const budgets = useData(() => all("/api/budgets", whose), [id]);
  return html`
    <section class="stack tight" aria-label="Budgets">
      <div class="spread">
        <h3>Budgets</h3>
        <a href=${href("teams", "budgets", { budget: "new", ...whose })}>Set one</a>
      </div>
      <${Loaded} from=${budgets} rows=${1}>
        ${(rows) =>
          rows.length ? html`
            <ul class="stack tight">
              ${rows.map((one) => html`
                <li key=${one.id}>
                  <a href=${href("teams", "budgets", { budget: one.id })}>
                    ${money(one.amount)} ${periodWords(one)}
                  </a>
                  ${one.model && ` for ${one.model}`}, ${percent(used(one))} used
                </li>
              `)}
            </ul>
          ` : html`
            <p class="muted small">None of its own; those of its client and team hold for it.</p>
          `
        }
      <//>
    </section>
  `;
}
