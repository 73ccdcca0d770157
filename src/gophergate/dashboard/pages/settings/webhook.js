/** One webhook: made, changed, given a new secret; what was delivered, and how that went. */
import { html, useData, useState } from "../../ui.js";
import { get, post } from "../../api.js";
import { Button, Made, Pill, Sure, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { EditorBox, Read, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, useForm } from "../../widgets/form.js";
import { Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { attempt, toast } from "../../widgets/toasts.js";

/** @type {[string, string][]} */
const EVENTS = [
  ["budget", "A budget passes a threshold"],
  ["loop", "A client repeats the same request"],
  ["unpriced", "A model is used whose price nobody knows"],
  ["credit", "A provider's credit is low"],
  ["prices", "A newer price list is in force"],
  ["breaker", "A deployment is rested, or asked again"],
  ["credential", "A provider's key is rested"],
  ["configuration", "An operator changes something"],
  ["start", "The gateway begins to serve"],
  ["stop", "The gateway shuts down"],
];
const STATES = { delivered: "ok", failed: "bad", pending: "warn" };
const EVERYTHING = "*";

/** A webhook as the form holds it: a box for each event, beside them what it is told of as the API has that. */
const held = (row) => ({
  name: row?.name || "",
  url: row?.url || "",
  enabled: row?.enabled ?? true,
  events: (row?.events || ["budget"]).join(" "),
  ...Object.fromEntries(
    EVENTS.map(([name]) => [
      `on_${name}`,
      row ? row.events.includes(name) || row.events.includes(EVERYTHING) : name === "budget",
    ]),
  ),
});

/** What the API is given. "Everything" stays so, with what may come to be told; and so does what has no box here. */
function given(values) {
  const before = values.events.split(" ");
  const chosen = EVENTS.map(([name]) => name).filter((name) => values[`on_${name}`]);
  const events =
    chosen.length === EVENTS.length && before.includes(EVERYTHING)
      ? [EVERYTHING]
      : [...chosen, ...before.filter((name) => name === "test")];
  return { name: values.name.trim(), url: values.url.trim(), events, enabled: values.enabled };
}
const settable = ({ name, url, events, enabled }) => ({ name, url, events, enabled });

/** @param {{id: string, onClose: () => void, onChange: () => void}} props `id` of one, or "new" */
export function WebhookDrawer({ id, onClose, onChange }) {
  const [secret, setSecret] = useState("");
  const made = (row) => {
    onChange();
    setSecret(row.secret);
  };
  return html`
    <${Drawer} slim title=${id === "new" ? "Add a webhook" : "Webhook"} onClose=${onClose}>
      ${secret ? html`
        <${Made} label="What it is signed with" value=${secret} onDone=${onClose} />
      ` : id === "new" ? html`
        <${New} onMade=${made} onClose=${onClose} />
      ` : html`
        <${Read} place=${`/api/webhooks/${id}`}>
          ${(row) => html`<${Change} row=${row} onMade=${made} onClose=${onClose} onChange=${onChange} />`}
        <//>
      `}
    <//>
  `;
}

function New({ onMade, onClose }) {
  const form = useForm(held(null), async (values) => {
    onMade(await post("/api/webhooks", given(values)));
    toast("The webhook is added");
  });
  return html`
    <${FormBox} form=${form} word="Add the webhook" onCancel=${onClose}>
      <${Fields} form=${form} />
    <//>
  `;
}

function Change({ row, onMade, onClose, onChange }) {
  const done = () => {
    onChange();
    onClose();
  };
  const editor = useEditor({
    row,
    place: `/api/webhooks/${row.id}`,
    held,
    given,
    settable,
    gone: "The webhook is gone",
    onDone: done,
  });
  const renew = () => attempt(async () => onMade(await post(`/api/webhooks/${row.id}/secret`)));
  return html`
    <div class="stack">
      <${EditorBox}
        editor=${editor}
        onCancel=${onClose}
        question="It is told nothing more."
        audit=${{ kind: "webhook", id: row.id }}
      >
        <${Fields} form=${editor.form} />
      <//>
      <${Deliveries} row=${row} onRenew=${renew} />
    </div>
  `;
}

const Fields = ({ form }) => html`
  <${Field} form=${form} name="name" label="Name" />
  <${Field}
    form=${form}
    name="url"
    label="Address"
    placeholder="https://hooks.example.com/gophergate"
    hint="A public one; private networks are not reached."
  />
  <fieldset>
    <legend>Told when</legend>
    ${EVENTS.map(([name, word]) => html`
      <${Field} key=${name} form=${form} name=${`on_${name}`} kind="check" label=${word} />
    `)}
    ${form.wrong.events && html`
      <span class="wrong" role="alert">
        ${form.wrong.events}
      </span>
    `}
  </fieldset>
  <${Field} form=${form} name="enabled" kind="check" label="On" />
`;

function Deliveries({ row, onRenew }) {
  const rows = useData(
    () => get(`/api/webhooks/${row.id}/deliveries`, { limit: 20 }).then((page) => page.items),
    [row.id],
    { every: 3000 },
  );
  const columns = [
    { key: "at", head: "When", cell: (one) => html`<${When} at=${one.created_at} />` },
    { key: "event", head: "What", cell: (one) => one.event },
    {
      key: "state",
      head: "How it went",
      cell: (one) => html`
        <${Pill} kind=${STATES[one.state] || ""} title=${one.error || ""}>
          ${one.state}
          ${one.http_status ? ` ${one.http_status}` : ""}
        <//>
      `,
    },
  ];
  return html`
    <div class="stack tight">
      <div class="spread">
        <h3>Deliveries</h3>
        <div class="line">
          <${Button}
            onClick=${() =>
              attempt(async () => {
                await post(`/api/webhooks/${row.id}/test`);
                rows.reload();
              }, "A test is on its way")
            }
          >
            Send a test
          <//>
          <${Sure} word="New secret" question="The old one signs nothing more." onSure=${onRenew} kind="" />
        </div>
      </div>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table} label="Deliveries" rows=${found} rowKey=${(one) => one.id} columns=${columns} />
          ` : html`
            <p class="muted small">Nothing was sent yet.</p>
          `
        }
      <//>
    </div>
  `;
}
