/** One client: its keys, or one of them to change; what is set about it. */
import { html, useData, useRef } from "../../ui.js";
import { forgetNames, get, may, names as namesOf } from "../../api.js";
import { href, route, setDetail, setQuery } from "../../router.js";
import { Tabs } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, textOr } from "../../widgets/form.js";
import { limitsGiven, limitsKnown } from "../../widgets/limits.js";
import { Loaded } from "../../widgets/states.js";
import { ChangeKey } from "./change.js";
import { Keys } from "./keys.js";
import { ClientFields } from "./new.js";

/** @param {{id: string, keyId: string, onClose: () => void, onChange: () => void}} props `keyId`: the key that is open, or "" */
export function ClientDrawer({ id, keyId, onClose, onChange }) {
  const client = useData(() => get(`/api/clients/${id}`), [id]);
  const edits = may("edit");
  const tab = edits && route.value.query.tab === "settings" ? "settings" : "keys";
  const isKey = edits && Boolean(keyId);
  const left = useRef("");
  if (isKey) left.current = keyId;
  const back = () => setDetail(id);
  const footer = html`
    ${may("audit") && html`
      <a class="button" href=${href("audit", "", isKey ? { kind: "key", id: keyId } : { kind: "client", id })}>
        Its changes
      </a>
    `}
    <a class="button" href=${href("calls", "", isKey ? { key_id: keyId } : { client_id: id })}>
      Its calls
    </a>
    ${!isKey && html`
      <a class="button" href=${href("analytics", "", { client_id: id })}>
        Its usage
      </a>
    `}
  `;
  return html`
    <${Drawer}
      title=${client.data?.name || "Client"}
      onClose=${onClose}
      onBack=${isKey ? back : undefined}
      footer=${footer}
    >
      <${Loaded} from=${client}>
        ${(row) =>
          isKey ? html`
            <${ChangeKey} key=${keyId} id=${keyId} onDone=${back} />
          ` : html`
            <div class="stack">
              <${Tabs}
                options=${[["keys", "Keys"], ...(edits ? [["settings", "Settings"]] : [])]}
                value=${tab}
                onPick=${(value) => setQuery({ tab: value === "keys" ? "" : value })}
              />
              ${tab === "keys" ? html`
                <${Keys} clientId=${id} left=${left.current} />
              ` : html`
                <${Settings}
                  client=${row}
                  onDone=${() => {
                    forgetNames();
                    client.reload();
                    onChange();
                  }}
                  onGone=${() => {
                    forgetNames();
                    onChange();
                    onClose();
                  }}
                />
              `}
            </div>
          `
        }
      <//>
    <//>
  `;
}

const held = (row) => ({
  name: row.name,
  team_id: row.team_id || "",
  disabled: row.disabled,
  ...limitsKnown(row.limits),
});
const settable = ({ name, team_id, disabled, limits }) => ({ name, team_id, disabled, limits });

/** @param {{client: any, onDone: () => void, onGone: () => void}} props */
function Settings({ client, onDone, onGone }) {
  const teams = useData(() => namesOf("teams"), []).data || {};
  const editor = useEditor({
    row: client,
    place: `/api/clients/${client.id}`,
    held,
    given: (values) => ({
      name: values.name.trim(),
      team_id: textOr(values.team_id),
      disabled: values.disabled,
      limits: limitsGiven(values),
    }),
    settable,
    gone: "The client is deleted",
    onDone,
    onGone,
  });
  const { form } = editor;
  return html`
    <${EditorBox}
      editor=${editor}
      question="Its keys stop working at once."
      audit=${{ kind: "client", id: client.id }}
      names=${{ teams }}
    >
      <${ClientFields} form=${form} teams=${teams} />
      <${Field}
        form=${form}
        name="disabled"
        kind="check"
        label="Disabled"
        hint="Its keys are refused while it is."
      />
    <//>
  `;
}
