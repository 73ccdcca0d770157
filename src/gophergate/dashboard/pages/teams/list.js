/** Teams: who belongs together, what they may use and what they used. */
import { html, isPhone, useData } from "../../ui.js";
import { all, get, forgetNames, may, names as namesOf, post } from "../../api.js";
import { go } from "../../router.js";
import { count, money } from "../../format.js";
import { Button, Pill } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { EditorBox, Read, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { LimitFields, limitsGiven, limitsKnown, limitsOf } from "../../widgets/limits.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { toast } from "../../widgets/toasts.js";

export function TeamList({ which }) {
  const teams = useData(() => all("/api/teams"), []);
  const usage = useData(
    () => get("/api/usage", { by: "team", since: new Date(Date.now() - 30 * 86400000).toISOString() }),
    [],
  );
  const organisations = useOrganisations();
  const spent = Object.fromEntries((usage.data?.items || []).map((row) => [row.id, row]));
  const close = () => go("teams", "teams");
  const done = () => {
    forgetNames();
    teams.reload();
    close();
  };
  useFresh(["team"], teams.reload);
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
                {
                  key: "name",
                  head: "Team",
                  cell: (row) => html`
                    <b class="clip">${row.name}</b>
                    ${isPhone.value && row.disabled && html`<${Pill} kind="bad">disabled<//>`}
                  `,
                  sort: (row) => row.name,
                },
                {
                  key: "organisation",
                  head: "Organisation",
                  phone: false,
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
                { key: "limits", head: "Limits", phone: false, cell: (row) => limitsOf(row.limits) },
                {
                  key: "state",
                  head: "State",
                  phone: false,
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
      ${which && may("people") && html`
        <${Drawer}
          slim
          key=${which}
          title=${picked?.name || (which === "new" ? "Create a team" : "Team")}
          onClose=${close}
        >
          ${which === "new" ? html`
            <${NewTeam} onClose=${close} onDone=${done} />
          ` : html`
            <${Read} place=${`/api/teams/${which}`}>
              ${(row) => html`<${ChangeTeam} team=${row} onClose=${close} onDone=${done} />`}
            <//>
          `}
        <//>
      `}
    </section>
  `;
}

const held = (team) => ({
  name: team?.name || "",
  organisation_id: team?.organisation_id || "",
  disabled: team?.disabled || false,
  ...limitsKnown(team?.limits),
});
const given = (values) => ({
  name: values.name.trim(),
  organisation_id: textOr(values.organisation_id),
  disabled: values.disabled,
  limits: limitsGiven(values),
});
const settable = ({ name, organisation_id, disabled, limits }) => ({ name, organisation_id, disabled, limits });
const useOrganisations = () => useData(() => namesOf("organisations"), []).data || {};

function NewTeam({ onClose, onDone }) {
  const form = useForm(held(null), async (values) => {
    await post("/api/teams", given(values));
    toast("The team is created");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Create the team" onCancel=${onClose}>
      <${Fields} form=${form} organisations=${useOrganisations()} />
    <//>
  `;
}

function ChangeTeam({ team, onClose, onDone }) {
  const organisations = useOrganisations();
  const editor = useEditor({
    row: team,
    place: `/api/teams/${team.id}`,
    held,
    given,
    settable,
    gone: "The team is deleted",
    onDone,
  });
  return html`
    <${EditorBox}
      editor=${editor}
      onCancel=${onClose}
      question="Its clients stay, without a team."
      audit=${{ kind: "team", id: team.id }}
      names=${{ organisations }}
    >
      <${Fields} form=${editor.form} organisations=${organisations} />
    <//>
  `;
}

const Fields = ({ form, organisations }) => html`
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
`;
