/** Who calls: clients, and their keys. */
import { html, isPhone, useData } from "../ui.js";
import { all, get, may, names as namesOf } from "../api.js";
import { route, setDetail } from "../router.js";
import { count, money } from "../format.js";
import { Button, Pill, When } from "../widgets/basics.js";
import { useFresh } from "../widgets/fresh.js";
import { limitsOf } from "../widgets/limits.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { ClientDrawer } from "./clients/client.js";
import { NewClient } from "./clients/new.js";

export default function ClientsPage() {
  const [which, keyId = ""] = route.value.detail.split("/");
  const clients = useData(() => all("/api/clients"), []);
  const usage = useData(
    () => get("/api/usage", { by: "client", since: new Date(Date.now() - 30 * 86400000).toISOString() }),
    [],
  );
  useFresh(["client"], clients.reload);
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
              selected=${which}
              onOpen=${(row) => setDetail(row.id)}
              columns=${[
                {
                  key: "name",
                  head: "Client",
                  cell: (row) => html`
                    <b class="clip">${row.name}</b>
                    ${isPhone.value && row.disabled && html`<${Pill} kind="bad">disabled<//>`}
                  `,
                  sort: (row) => row.name,
                },
                {
                  key: "team",
                  head: "Team",
                  phone: false,
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
                { key: "limits", head: "Limits", phone: false, cell: (row) => limitsOf(row.limits) },
                {
                  key: "state",
                  head: "State",
                  phone: false,
                  cell: (row) => html`
                    <${Pill} kind=${row.disabled ? "bad" : "ok"}>${row.disabled ? "disabled" : "active"}<//>
                  `,
                },
                {
                  key: "made",
                  head: "Created",
                  phone: false,
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
      ${which === "new" && html`<${NewClient} onClose=${close} onDone=${clients.reload} />`}
      ${which && which !== "new" && html`
        <${ClientDrawer} key=${which} id=${which} keyId=${keyId} onClose=${close} onChange=${clients.reload} />
      `}
    </section>
  `;
}
