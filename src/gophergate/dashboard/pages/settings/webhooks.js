/** Webhooks: whom the gateway tells of what happens, and how that went. */
import { html, useData, useState } from "../../ui.js";
import { all, del, get, patch, post } from "../../api.js";
import { Button, Pill, Secret, Sure, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Loaded } from "../../widgets/states.js";
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

export function Webhooks() {
  const rows = useData(() => all("/api/webhooks"), []);
  useFresh(["webhook"], rows.reload);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const add = html`
    <${Button} kind="main" onClick=${() => setOpen({})}>
      Add a webhook
    <//>
  `;
  const columns = [
    { key: "name", head: "Name", cell: (row) => html`<b>${row.name}</b>` },
    {
      key: "url",
      head: "Address",
      phone: false,
      cell: (row) => html`
        <span class="clip mono small" title=${row.url}>
          ${row.url}
        </span>
      `,
    },
    {
      key: "events",
      head: "Told of",
      cell: (row) => (row.events.includes("*") ? "everything" : row.events.join(", ")),
    },
    {
      key: "state",
      head: "State",
      cell: (row) => html`<${Pill} kind=${row.enabled ? "ok" : ""}>${row.enabled ? "on" : "off"}<//>`,
    },
  ];
  const close = () => setOpen(null);
  return html`
    <section class="card">
      <header>
        <h2>Webhooks</h2>
        ${add}
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Webhooks"
              rows=${found}
              rowKey=${(row) => row.id}
              selected=${open?.id}
              onOpen=${setOpen}
              columns=${columns}
            />
          ` : html`
            <${Empty} title="No webhook yet" action=${add}>
              Be told by a signed POST when a budget runs low or something is changed.
            <//>
          `
        }
      <//>
      ${open && html`<${WebhookDrawer} key=${open.id || "new"} row=${open} onClose=${close} onChange=${rows.reload} />`}
    </section>
  `;
}

function WebhookDrawer({ row, onClose, onChange }) {
  const [secret, setSecret] = useState("");
  const isNew = !row.id;
  const start = {
    name: row.name || "",
    url: row.url || "",
    enabled: row.enabled ?? true,
    ...Object.fromEntries(
      EVENTS.map(([name]) => [
        `on_${name}`,
        isNew ? name === "budget" : row.events.includes(name) || row.events.includes("*"),
      ]),
    ),
  };
  const form = useForm(start, async (values) => {
    const chosen = EVENTS.map(([name]) => name).filter((name) => values[`on_${name}`]);
    // "Everything" stays so, with what may come to be told; and so does what is told of without a box here.
    const events =
      chosen.length === EVENTS.length && row.events?.includes("*")
        ? ["*"]
        : [...chosen, ...(row.events || []).filter((name) => name === "test")];
    const body = { name: values.name.trim(), url: values.url.trim(), events, enabled: values.enabled };
    const saved = isNew ? await post("/api/webhooks", body) : await patch(`/api/webhooks/${row.id}`, body);
    onChange();
    if (saved.secret) setSecret(saved.secret);
    else onClose();
    toast("Saved");
  });
  const remove = () =>
    attempt(async () => {
      await del(`/api/webhooks/${row.id}`);
      onChange();
      onClose();
    }, "The webhook is gone");
  const renew = () => attempt(async () => setSecret((await post(`/api/webhooks/${row.id}/secret`)).secret));
  if (secret)
    return html`
      <${Drawer} slim title=${form.values.name} onClose=${onClose}>
        <div class="stack">
          <${Secret} label="What it is signed with" value=${secret} />
          <div>
            <${Button} kind="main" onClick=${onClose}>
              Done
            <//>
          </div>
        </div>
      <//>
    `;
  return html`
    <${Drawer} slim title=${isNew ? "Add a webhook" : row.name} onClose=${onClose}>
      <div class="stack">
        <${FormBox}
          form=${form}
          word=${isNew ? "Add the webhook" : "Save"}
          onCancel=${onClose}
          danger=${!isNew && html`<${Sure} word="Delete" question="It is told nothing more." onSure=${remove} />`}
        >
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
            ${form.wrong.events && html`<span class="wrong">${form.wrong.events}</span>`}
          </fieldset>
          <${Field} form=${form} name="enabled" kind="check" label="On" />
        <//>
        ${!isNew && html`<${Deliveries} row=${row} onRenew=${renew} />`}
      </div>
    <//>
  `;
}

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
