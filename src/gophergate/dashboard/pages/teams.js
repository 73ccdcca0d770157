/** Teams, the organisations they belong to, and budgets of every kind. */
import { html, useData } from "../ui.js";
import { all, get, may, post, patch, del, forgetNames, names as namesOf } from "../api.js";
import { route, go } from "../router.js";
import { count, money } from "../format.js";
import { Button, Pill, Sure, Tabs, When } from "../widgets/basics.js";
import { BudgetTable } from "../widgets/budgets.js";
import { Drawer } from "../widgets/drawer.js";
import { Field, FormBox, useForm, textOr } from "../widgets/form.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";
import { LimitFields, limitsGiven, limitsKnown, limitsOf } from "./clients.js";

export default function Teams() {
  const [tab = "teams", which = ""] = route.value.detail.split("/");
  const shown = tab || "teams";
  return html`
    <div class="stack">
      <${Tabs}
        options=${[
          ["teams", "Teams"],
          ["budgets", "Budgets"],
          ["organisations", "Organisations"],
        ]}
        value=${shown}
        onPick=${(value) => go("teams", value)}
      />
      ${shown === "teams" && html`<${TeamList} which=${which} />`}
      ${shown === "budgets" && html`<${BudgetTable} />`}
      ${shown === "organisations" && html`<${Organisations} which=${which} />`}
    </div>
  `;
}

function TeamList({ which }) {
  const teams = useData(() => all("/api/teams"), []);
  const usage = useData(
    () => get("/api/usage", { by: "team", since: new Date(Date.now() - 30 * 86400000).toISOString() }),
    [],
  );
  const organisations = useData(() => namesOf("organisations"), []).data || {};
  const spent = Object.fromEntries((usage.data?.items || []).map((row) => [row.id, row]));
  const close = () => go("teams", "teams");
  const picked = (teams.data || []).find((row) => row.id === which);
  return html`
    <section class="card">
      <header>
        <h2>Teams</h2>
        ${may("people") && html`
          <${Button} kind="main" onClick=${() => go("teams", "teams/new")}>
            Create a team
          <//>
        `}
      </header>
      <${Loaded} from=${teams}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Teams"
              rows=${rows}
              rowKey=${(row) => row.id}
              selected=${which}
              onOpen=${may("people") ? (row) => go("teams", `teams/${row.id}`) : undefined}
              columns=${[
                { key: "name", head: "Team", cell: (row) => html`<b>${row.name}</b>`, sort: (row) => row.name },
                {
                  key: "organisation",
                  head: "Organisation",
                  cell: (row) => organisations[row.organisation_id] || html`<span class="faint">–</span>`,
                },
                {
                  key: "calls",
                  head: "Calls, 30 days",
                  num: true,
                  cell: (row) => count(spent[row.id]?.calls || 0),
                },
                {
                  key: "cost",
                  head: "Spend, 30 days",
                  num: true,
                  cell: (row) => money(spent[row.id]?.cost || 0),
                },
                { key: "limits", head: "Limits", cell: (row) => limitsOf(row.limits) },
                {
                  key: "state",
                  head: "State",
                  cell: (row) => html`
                    <${Pill} kind=${row.disabled ? "bad" : "ok"}>${row.disabled ? "disabled" : "active"}<//>
                  `,
                },
              ]}
            />
          ` : html`
            <${Empty} title="No team yet">
              Teams share limits and budgets, and their members see only what is theirs.
            <//>
          `
        }
      <//>
      ${(which === "new" || picked) && may("people") && html`
        <${TeamForm}
          key=${which}
          team=${picked}
          onClose=${close}
          onDone=${() => {
            forgetNames();
            teams.reload();
            close();
          }}
        />
      `}
    </section>
  `;
}

function TeamForm({ team, onClose, onDone }) {
  const organisations = useData(() => namesOf("organisations"), []).data || {};
  const form = useForm(
    {
      name: team?.name || "",
      organisation_id: team?.organisation_id || "",
      disabled: team?.disabled || false,
      ...limitsKnown(team?.limits),
    },
    async (values) => {
      const body = {
        name: values.name.trim(),
        organisation_id: textOr(values.organisation_id),
        disabled: values.disabled,
        limits: limitsGiven(values),
      };
      await (team ? patch(`/api/teams/${team.id}`, body) : post("/api/teams", body));
      toast("Saved");
      onDone();
    },
  );
  return html`
    <${Drawer} slim title=${team ? team.name : "Create a team"} onClose=${onClose}>
      <${FormBox}
        form=${form}
        word=${team ? "Save" : "Create the team"}
        onCancel=${onClose}
        danger=${
          team && html`
            <${Sure}
              word="Delete"
              question="Its clients stay, without a team."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/teams/${team.id}`);
                  onDone();
                }, "The team is deleted")
              }
            />
          `
        }
      >
        <${Field} form=${form} name="name" label="Name" required />
        <${Field}
          form=${form}
          name="organisation_id"
          label="Organisation"
          kind="select"
          options=${[["", "None"], ...Object.entries(organisations)]}
        />
        <${LimitFields} form=${form} />
        <${Field}
          form=${form}
          name="disabled"
          kind="check"
          label="Disabled"
          hint="Every key of its clients is refused while it is."
        />
      <//>
    <//>
  `;
}

function Organisations({ which }) {
  const rows = useData(() => all("/api/organisations"), []);
  const close = () => go("teams", "organisations");
  const picked = (rows.data || []).find((row) => row.id === which);
  return html`
    <section class="card">
      <header>
        <h2>Organisations</h2>
        ${may("people") && html`
          <${Button} kind="main" onClick=${() => go("teams", "organisations/new")}>
            Create an organisation
          <//>
        `}
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Organisations"
              rows=${found}
              rowKey=${(row) => row.id}
              selected=${which}
              onOpen=${may("people") ? (row) => go("teams", `organisations/${row.id}`) : undefined}
              columns=${[
                { key: "name", head: "Name", cell: (row) => html`<b>${row.name}</b>` },
                { key: "made", head: "Created", cell: (row) => html`<${When} at=${row.created_at} />` },
              ]}
            />
          ` : html`
            <${Empty} title="No organisation yet">One is needed only where several share a gateway.<//>
          `
        }
      <//>
      ${(which === "new" || picked) && may("people") && html`
        <${OrganisationForm}
          key=${which}
          row=${picked}
          onClose=${close}
          onDone=${() => {
            forgetNames();
            rows.reload();
            close();
          }}
        />
      `}
    </section>
  `;
}

function OrganisationForm({ row, onClose, onDone }) {
  const form = useForm({ name: row?.name || "" }, async (values) => {
    await (row
      ? patch(`/api/organisations/${row.id}`, { name: values.name.trim() })
      : post("/api/organisations", { name: values.name.trim() }));
    toast("Saved");
    onDone();
  });
  return html`
    <${Drawer} slim title=${row ? row.name : "Create an organisation"} onClose=${onClose}>
      <${FormBox}
        form=${form}
        word="Save"
        onCancel=${onClose}
        danger=${
          row && html`
            <${Sure}
              word="Delete"
              question="Its teams stay, without it."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/organisations/${row.id}`);
                  onDone();
                }, "The organisation is deleted")
              }
            />
          `
        }
      >
        <${Field} form=${form} name="name" label="Name" required />
      <//>
    <//>
  `;
}
