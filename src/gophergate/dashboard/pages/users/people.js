/** People who may sign in. */
import { html, useData } from "../../ui.js";
import { all, forgetNames, names as namesOf } from "../../api.js";
import { go } from "../../router.js";
import { Button, Pill, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Read } from "../../widgets/editor.js";
import { useFresh } from "../../widgets/fresh.js";
import { Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { NewPerson, Person } from "./person.js";

/** @param {{which: string}} props the user that is open: an id, "new" or "" */
export function People({ which }) {
  const users = useData(() => all("/api/users"), []);
  const teams = useData(() => namesOf("teams"), []).data || {};
  const close = () => go("users", "people");
  const done = () => {
    forgetNames();
    users.reload();
    close();
  };
  useFresh(["user"], users.reload);
  const picked = (users.data || []).find((row) => row.id === which);
  return html`
    <section class="card">
      <header>
        <h2>People</h2>
        <${Button} kind="main" onClick=${() => go("users", "people/new")}>
          Add a user
        <//>
      </header>
      <${Loaded} from=${users}>
        ${(rows) => html`
          <${Table}
            label="Users"
            rows=${rows}
            rowKey=${(row) => row.id}
            selected=${which}
            onOpen=${(row) => go("users", `people/${row.id}`)}
            columns=${[
              {
                key: "name",
                head: "User",
                cell: (row) => html`
                  <b>${row.display_name || row.username}</b>${" "}
                  ${row.display_name && html`<span class="muted small">${row.username}</span>`}
                `,
                sort: (row) => row.username,
              },
              {
                key: "role",
                head: "Role",
                cell: (row) => html`
                  <${Pill} kind=${row.role === "owner" || row.role === "admin" ? "accent" : ""}>${row.role}<//>
                `,
                sort: (row) => row.role,
              },
              {
                key: "team",
                head: "Team",
                phone: false,
                cell: (row) => teams[row.team_id] || html`<span class="faint">–</span>`,
              },
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
                phone: false,
                cell: (row) => html`<${When} at=${row.created_at} />`,
                sort: (row) => row.created_at,
              },
            ]}
          />
        `}
      <//>
      ${which && html`
        <${Drawer}
          slim
          key=${which}
          title=${picked?.username || (which === "new" ? "Add a user" : "User")}
          onClose=${close}
        >
          ${which === "new" ? html`
            <${NewPerson} teams=${teams} onClose=${close} onDone=${done} />
          ` : html`
            <${Read} place=${`/api/users/${which}`}>
              ${(row) => html`<${Person} user=${row} teams=${teams} onClose=${close} onDone=${done} />`}
            <//>
          `}
        <//>
      `}
    </section>
  `;
}
