/** Who calls: clients, and their keys. */
import { html, useData, useState } from "../ui.js";
import { all, get, may, post, patch, del, forgetNames, names as namesOf } from "../api.js";
import { route, go, setDetail } from "../router.js";
import { count, money } from "../format.js";
import { Button, Copy, Pill, Secret, Sure, When, Tabs } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Field, FormBox, useForm, lines, textOr } from "../widgets/form.js";
import { LimitFields, limitsGiven, limitsKnown, limitsOf } from "../widgets/limits.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";

export default function ClientsPage() {
  const { detail } = route.value;
  const clients = useData(() => all("/api/clients"), []);
  const usage = useData(
    () => get("/api/usage", { by: "client", since: new Date(Date.now() - 30 * 86400000).toISOString() }),
    [],
  );
  const teams = useData(() => namesOf("teams"), []).data || {};
  const spent = Object.fromEntries((usage.data?.items || []).map((row) => [row.id, row]));
  const close = () => setDetail("");
  return html`
    <section class="card">
      <header>
        <h2>Clients</h2>
        ${may("edit") && html`
          <${Button} kind="main" onClick=${() => setDetail("new")}>
            Create a client
          <//>
        `}
      </header>
      <${Loaded} from=${clients} rows=${8}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Clients"
              rows=${rows}
              rowKey=${(row) => row.id}
              selected=${detail}
              onOpen=${(row) => setDetail(row.id)}
              columns=${[
                {
                  key: "name",
                  head: "Client",
                  cell: (row) => html`<b class="clip">${row.name}</b>`,
                  sort: (row) => row.name,
                },
                {
                  key: "team",
                  head: "Team",
                  cell: (row) => teams[row.team_id] || html`<span class="faint">–</span>`,
                },
                {
                  key: "calls",
                  head: "Calls, 30 days",
                  num: true,
                  cell: (row) => count(spent[row.id]?.calls || 0),
                  sort: (row) => spent[row.id]?.calls || 0,
                },
                {
                  key: "cost",
                  head: "Spend, 30 days",
                  num: true,
                  cell: (row) => money(spent[row.id]?.cost || 0),
                  sort: (row) => Number(spent[row.id]?.cost || 0),
                },
                { key: "limits", head: "Limits", cell: (row) => limitsOf(row.limits) },
                {
                  key: "state",
                  head: "State",
                  cell: (row) => html`
                    <${Pill} kind=${row.disabled ? "bad" : "ok"}>${row.disabled ? "disabled" : "active"}<//>
                  `,
                },
                {
                  key: "made",
                  head: "Created",
                  cell: (row) => html`<${When} at=${row.created_at} />`,
                  sort: (row) => row.created_at,
                },
              ]}
            />
          ` : html`
            <${Empty}
              title="No client yet"
              action=${
                may("edit") && html`
                  <${Button} kind="main" onClick=${() => setDetail("new")}>
                    Create a client
                  <//>
                `
              }
            >
              A client is an application or a person. It gets a key of its own, which can be limited and
              revoked.
            <//>
          `
        }
      <//>
      ${detail === "new" && html`<${NewClient} onClose=${close} onDone=${clients.reload} />`}
      ${detail && detail !== "new" && html`
        <${Client} key=${detail} id=${detail} onClose=${close} onChange=${clients.reload} />
      `}
    </section>
  `;
}

function NewClient({ onClose, onDone }) {
  const [made, setMade] = useState(/** @type {any} */ (null));
  const teams = useData(() => namesOf("teams"), []).data || {};
  const form = useForm({ name: "", team_id: "", ...limitsKnown(null) }, async (values) => {
    setMade(
      await post("/api/clients", {
        name: values.name.trim(),
        team_id: textOr(values.team_id),
        limits: limitsGiven(values),
      }),
    );
    forgetNames();
    onDone();
  });
  return html`
    <${Drawer} slim title=${made ? `${made.name} is ready` : "Create a client"} onClose=${onClose}>
      ${made ? html`
        <div class="stack">
          <${Secret} label="Its key" value=${made.key.key} />
          <${FirstCall} secret=${made.key.key} />
          <div class="line">
            <${Button} kind="main" onClick=${() => go("clients", made.id)}>
              Show the client
            <//>
            <${Button} onClick=${onClose}>Done<//>
          </div>
        </div>
      ` : html`
        <${FormBox} form=${form} word="Create the client" onCancel=${onClose}>
          <${Field} form=${form} name="name" label="Name" placeholder="checkout-service" required />
          <${Field}
            form=${form}
            name="team_id"
            label="Team"
            kind="select"
            options=${[["", "None"], ...Object.entries(teams)]}
          />
          <${LimitFields} form=${form} />
        <//>
      `}
    <//>
  `;
}

export const FirstCall = ({ secret, model = "demo/echo" }) => {
  const text = `curl ${location.origin}/v1/chat/completions \\\n  -H "authorization: Bearer ${secret}" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`;
  return html`
    <div class="field">
      <span class="label">
        A first call <${Copy} text=${text} label="Copy the command" />
      </span>
      <pre class="code">${text}</pre>
    </div>
  `;
};

function Client({ id, onClose, onChange }) {
  const client = useData(() => get(`/api/clients/${id}`), [id]);
  const [tab, setTab] = useState("keys");
  const edits = may("edit");
  return html`
    <${Drawer}
      title=${client.data?.name || "Client"}
      onClose=${onClose}
      footer=${
        html`
          <a class="button" href=${`#/calls?client_id=${id}`}>
            Its calls
          </a>
          <a class="button" href=${`#/analytics?client_id=${id}`}>
            Its usage
          </a>
        `
      }
    >
      <${Loaded} from=${client}>
        ${(row) => html`
          <div class="stack">
            <${Tabs}
              options=${[["keys", "Keys"], ...(edits ? [["settings", "Settings"]] : [])]}
              value=${tab}
              onPick=${setTab}
            />
            ${tab === "keys" ? html`
              <${Keys} clientId=${id} />
            ` : html`
              <${ClientForm}
                client=${row}
                onDone=${() => {
                  client.reload();
                  onChange();
                }}
                onGone=${() => {
                  onChange();
                  onClose();
                }}
              />
            `}
          </div>
        `}
      <//>
    <//>
  `;
}

function ClientForm({ client, onDone, onGone }) {
  const teams = useData(() => namesOf("teams"), []).data || {};
  const form = useForm(
    {
      name: client.name,
      team_id: client.team_id || "",
      disabled: client.disabled,
      ...limitsKnown(client.limits),
    },
    async (values) => {
      await patch(
        `/api/clients/${client.id}`,
        {
          name: values.name.trim(),
          team_id: textOr(values.team_id),
          disabled: values.disabled,
          limits: limitsGiven(values),
        },
        client.etag,
      );
      toast("Saved");
      forgetNames();
      onDone();
    },
  );
  return html`
    <${FormBox}
      form=${form}
      word="Save"
      danger=${
        html`<${Sure}
          word="Delete"
          question="Its keys stop working at once."
          onSure=${() =>
            attempt(async () => {
              await del(`/api/clients/${client.id}`);
              forgetNames();
              onGone();
            }, "The client is deleted")
          }
        />`
      }
    >
      <${Field} form=${form} name="name" label="Name" />
      <${Field}
        form=${form}
        name="team_id"
        label="Team"
        kind="select"
        options=${[["", "None"], ...Object.entries(teams)]}
      />
      <${LimitFields} form=${form} />
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

const stateOf = (key) => {
  const now = Date.now();
  if (key.revoked_at) return ["bad", "revoked"];
  if (key.replaced_by)
    return key.grace_until && new Date(key.grace_until).getTime() > now
      ? ["warn", "rotated, in grace"]
      : ["bad", "rotated"];
  if (key.expires_at && new Date(key.expires_at).getTime() < now) return ["bad", "expired"];
  return ["ok", "active"];
};

function Keys({ clientId }) {
  const keys = useData(() => all("/api/keys", { client_id: clientId }), [clientId]);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const [adding, setAdding] = useState(false);
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
      ${adding ? html`
        <${NewKey}
          clientId=${clientId}
          onClose=${() => setAdding(false)}
          onMade=${(key) => {
            setMade(key);
            setAdding(false);
            keys.reload();
          }}
        />
      ` : (
        may("edit") && html`
          <div>
            <${Button} onClick=${() => setAdding(true)}>Create a key<//>
          </div>
        `
      )}
      <${Loaded} from=${keys}>
        ${(rows) => html`
          <ul class="stack">
            ${rows.map((key) => {
              const [kind, word] = stateOf(key);
              return html`
                <li class="card" key=${key.id} style=${{ padding: "12px 16px" }}>
                  <div class="spread">
                    <div>
                      <b>${key.name || "key"}</b>${" "}
                      <code class="muted">
                        ${key.prefix}…${key.last4}
                      </code>${" "}
                      <${Pill} kind=${kind}>${word}<//>
                    </div>
                    ${may("edit") && !key.revoked_at && html`
                      <div class="line">
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
                    <dd>${key.models === null ? "all" : key.models.join(", ")}</dd>
                    ${key.ip_allow.length > 0 && html`
                      <dt>Addresses</dt>
                      <dd>${key.ip_allow.join(", ")}</dd>
                    `}
                    <dt>Limits</dt>
                    <dd>${limitsOf(key.limits)}</dd>
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
  const form = useForm(
    { name: "", models: "", ip_allow: "", expires_at: "", ...limitsKnown(null) },
    async (values) => {
      const made = await post("/api/keys", {
        client_id: clientId,
        name: textOr(values.name.trim()),
        models: values.models.trim() ? lines(values.models) : null,
        ip_allow: values.ip_allow.trim() ? lines(values.ip_allow) : null,
        expires_at: values.expires_at ? new Date(`${values.expires_at}T00:00`).toISOString() : null,
        limits: limitsGiven(values),
      });
      onMade(made.key);
    },
  );
  return html`
    <div class="card" style=${{ padding: "16px" }}>
      <${FormBox} form=${form} word="Create the key" onCancel=${onClose}>
        <${Field} form=${form} name="name" label="Name" placeholder="production" />
        <${Field}
          form=${form}
          name="models"
          kind="lines"
          rows=${2}
          label="Models it may use"
          hint="One a line; patterns such as openai/* too. Empty: all."
        />
        <${Field}
          form=${form}
          name="ip_allow"
          kind="lines"
          rows=${2}
          label="Addresses it may come from"
          hint="One a line, such as 10.0.0.0/8. Empty: any."
        />
        <${Field} form=${form} name="expires_at" kind="date" label="Expires" hint="It ends when this day begins." />
        <${LimitFields} form=${form} />
      <//>
    </div>
  `;
}
