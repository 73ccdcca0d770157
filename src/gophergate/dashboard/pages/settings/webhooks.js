/** Webhooks: whom the gateway tells of what happens, and how that went. */
import { html, useData } from "../../ui.js";
import { all } from "../../api.js";
import { go } from "../../router.js";
import { Button, Pill } from "../../widgets/basics.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { WebhookDrawer } from "./webhook.js";

/** @param {{which: string}} props the webhook that is open: an id, "new" or "" */
export function Webhooks({ which }) {
  const rows = useData(() => all("/api/webhooks"), []);
  useFresh(["webhook"], rows.reload);
  const add = html`
    <${Button} kind="main" onClick=${() => go("settings", "webhooks/new")}>
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
              selected=${which}
              onOpen=${(row) => go("settings", `webhooks/${row.id}`)}
              columns=${columns}
            />
          ` : html`
            <${Empty} title="No webhook yet" action=${add}>
              Be told by a signed POST when a budget runs low or something is changed.
            <//>
          `
        }
      <//>
      ${which && html`
        <${WebhookDrawer}
          key=${which}
          id=${which}
          onClose=${() => go("settings", "webhooks")}
          onChange=${rows.reload}
        />
      `}
    </section>
  `;
}
