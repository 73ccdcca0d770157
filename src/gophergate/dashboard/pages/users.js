/** People who may sign in, and admin tokens for programs. */
import { html, useData, useState } from "../ui.js";
import { all, me, post, patch, del, names as namesOf } from "../api.js";
import { route, go } from "../router.js";
import { Button, Pill, Secret, Sure, Tabs, When } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Field, FormBox, useForm, textOr } from "../widgets/form.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";

const ROLES = [
  ["viewer", "Viewer: sees numbers, not what is said"],
  ["editor", "Editor: clients, keys, groups, budgets"],
  ["admin", "Admin: providers, people, settings"],
  ["owner", "Owner: everything"],
];
const SCOPES = [
  ["view", "See numbers"],
  ["bodies", "Read what is said"],
  ["edit", "Clients, keys, budgets"],
  ["route", "Models and groups"],
  ["configure", "Providers, settings, backups"],
  ["people", "Users, teams, tokens"],
  ["audit", "Read the audit log"],
];

export default function Users() {
  const [tab = "people", which = ""] = route.value.detail.split("/");
  const shown = tab || "people";
  return html`
    <div class="stack">
      <${Tabs}
        options=${[
          ["people", "People"],
          ["tokens", "Admin tokens"],
        ]}
        value=${shown}
        onPick=${(value) => go("users", value)}
      />
      ${shown === "people" ? html`<${People} which=${which} />` : html`<${Tokens} which=${which} />`}
    </div>
  `;
}

function People({ which }) {
  const users = useData(() => all("/api/users"), []);
  const teams = useData(() => namesOf("teams"), []).data || {};
  const close = () => go("users", "people");
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
              { key: "team", head: "Team", cell: (row) => teams[row.team_id] || html`<span class="faint">–</span>` },
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
        `}
      <//>
      ${(which === "new" || picked) && html`
        <${UserForm}
          key=${which}
          user=${picked}
          teams=${teams}
          onClose=${close}
          onDone=${() => {
            users.reload();
            close();
          }}
        />
      `}
    </section>
  `;
}

function UserForm({ user, teams, onClose, onDone }) {
  const form = useForm(
    {
      username: user?.username || "",
      display_name: user?.display_name || "",
      password: "",
      role: user?.role || "viewer",
      team_id: user?.team_id || "",
      disabled: user?.disabled || false,
    },
    async (values) => {
      const body = {
        username: values.username.trim(),
        display_name: textOr(values.display_name),
        role: values.role,
        team_id: textOr(values.team_id),
      };
      if (user) {
        await patch(`/api/users/${user.id}`, { ...body, disabled: values.disabled });
        if (values.password) await post(`/api/users/${user.id}/password`, { password: values.password });
      } else await post("/api/users", { ...body, password: values.password });
      toast("Saved");
      onDone();
    },
  );
  const isMe = me.value.user?.id === user?.id;
  return html`
    <${Drawer} slim title=${user ? user.username : "Add a user"} onClose=${onClose}>
      <${FormBox}
        form=${form}
        word=${user ? "Save" : "Add the user"}
        onCancel=${onClose}
        danger=${
          user &&
          !isMe && html`
            <${Sure}
              word="Delete"
              question="They are signed out at once."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/users/${user.id}`);
                  onDone();
                }, "The user is deleted")
              }
            />
          `
        }
      >
        <${Field} form=${form} name="username" label="User name" required />
        <${Field} form=${form} name="display_name" label="Shown as" />
        <${Field} form=${form} name="role" label="Role" kind="select" options=${ROLES} />
        <${Field}
          form=${form}
          name="team_id"
          label="Team"
          kind="select"
          options=${[["", "None: sees all teams' numbers"], ...Object.entries(teams)]}
          hint="Viewers and editors with a team see only what is theirs."
        />
        ${!isMe && html`
          <${Field}
            form=${form}
            name="password"
            label=${user ? "New password" : "Password"}
            kind="password"
            autocomplete="new-password"
            hint=${user ? "Empty keeps the one they have." : "At least 8 characters."}
          />
        `}
        ${user && !isMe && html`<${Field} form=${form} name="disabled" kind="check" label="Disabled" />`}
      <//>
    <//>
  `;
}

function Tokens({ which }) {
  const tokens = useData(() => all("/api/tokens"), []);
  const close = () => go("users", "tokens");
  return html`
    <section class="card">
      <header>
        <h2>Admin tokens</h2>
        <${Button} kind="main" onClick=${() => go("users", "tokens/new")}>
          Create a token
        <//>
      </header>
      <${Loaded} from=${tokens}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Admin tokens"
              rows=${rows}
              rowKey=${(row) => row.id}
              columns=${[
                { key: "name", head: "Token", cell: (row) => html`<b>${row.name}</b>` },
                { key: "scopes", head: "May", cell: (row) => row.scopes.join(", ") },
                {
                  key: "expires",
                  head: "Expires",
                  cell: (row) => (row.expires_at ? html`<${When} at=${row.expires_at} />` : "never"),
                },
                {
                  key: "state",
                  head: "State",
                  cell: (row) => html`
                    <${Pill} kind=${row.revoked_at ? "bad" : "ok"}>${row.revoked_at ? "revoked" : "active"}<//>
                  `,
                },
                {
                  key: "do",
                  head: "",
                  cell: (row) =>
                    !row.revoked_at && html`
                      <${Sure}
                        word="Revoke"
                        question="Programs with it are refused at once."
                        onSure=${() =>
                          attempt(async () => {
                            await post(`/api/tokens/${row.id}/revoke`);
                            tokens.reload();
                          }, "Revoked")
                        }
                      />
                    `,
                },
              ]}
            />
          ` : html`
            <${Empty} title="No admin token yet">
              A token lets a program use this API with just the rights it needs.
            <//>
          `
        }
      <//>
      ${which === "new" && html`<${TokenForm} onClose=${close} onDone=${tokens.reload} />`}
    </section>
  `;
}

function TokenForm({ onClose, onDone }) {
  const [made, setMade] = useState("");
  const form = useForm({ name: "", view: true }, async (values) => {
    setMade(
      (
        await post("/api/tokens", {
          name: values.name.trim(),
          scopes: SCOPES.map(([name]) => name).filter((name) => values[name]),
        })
      ).token,
    );
    onDone();
  });
  return html`
    <${Drawer} slim title="Create a token" onClose=${onClose}>
      ${made ? html`
        <div class="stack">
          <${Secret} label="The token" value=${made} />
          <div>
            <${Button} kind="main" onClick=${onClose}>
              Done
            <//>
          </div>
        </div>
      ` : html`
        <${FormBox} form=${form} word="Create the token" onCancel=${onClose}>
          <${Field} form=${form} name="name" label="Name" placeholder="nightly export" required />
          <fieldset style=${{ border: 0, padding: 0, margin: 0 }} class="stack tight">
            <legend class="label" style=${{ fontWeight: 550, fontSize: "13px", padding: 0 }}>
              It may
            </legend>
            ${SCOPES.map(([name, word]) => html`
              <${Field} key=${name} form=${form} name=${name} kind="check" label=${word} />
            `)}
          </fieldset>
        <//>
      `}
    <//>
  `;
}
