/** Admin tokens: this API for programs, with just the rights they need. */
import { html, useData, useState } from "../../ui.js";
import { all, names as namesOf, post } from "../../api.js";
import { go } from "../../router.js";
import { Button, Made, Pill, Sure, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, momentGiven, textOr, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { attempt } from "../../widgets/toasts.js";

const SCOPES = [
  ["view", "See numbers"],
  ["bodies", "Read what is said"],
  ["edit", "Clients, keys, budgets"],
  ["route", "Models and groups"],
  ["configure", "Providers, settings, backups"],
  ["people", "Users, teams, tokens"],
  ["audit", "Read the audit log"],
];

/** @param {{which: string}} props */
export function Tokens({ which }) {
  const tokens = useData(() => all("/api/tokens"), []);
  const teams = useData(() => namesOf("teams"), []).data || {};
  useFresh(["token"], tokens.reload);
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
                {
                  key: "team",
                  head: "Team",
                  phone: false,
                  cell: (row) => teams[row.team_id] || html`<span class="faint">–</span>`,
                },
                { key: "scopes", head: "May", phone: false, cell: (row) => row.scopes.join(", ") },
                {
                  key: "expires",
                  head: "Expires",
                  phone: false,
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
      ${which === "new" && html`<${TokenForm} teams=${teams} onClose=${close} onDone=${tokens.reload} />`}
    </section>
  `;
}

function TokenForm({ teams, onClose, onDone }) {
  const [made, setMade] = useState("");
  const form = useForm({ name: "", view: true, scopes: "", team_id: "", expires_at: "" }, async (values) => {
    setMade(
      (
        await post("/api/tokens", {
          name: values.name.trim(),
          scopes: SCOPES.map(([name]) => name).filter((name) => values[name]),
          team_id: textOr(values.team_id),
          expires_at: momentGiven(values.expires_at),
        })
      ).token,
    );
    onDone();
  });
  return html`
    <${Drawer} slim title="Create a token" onClose=${onClose}>
      ${made ? html`
        <${Made} label="The token" value=${made} onDone=${onClose} />
      ` : html`
        <${FormBox} form=${form} word="Create the token" onCancel=${onClose}>
          <${Field} form=${form} name="name" label="Name" placeholder="nightly export" required />
          <fieldset class="stack tight">
            <legend>It may</legend>
            ${SCOPES.map(([name, word]) => html`
              <${Field} key=${name} form=${form} name=${name} kind="check" label=${word} />
            `)}
            ${form.wrong.scopes && html`
              <span class="wrong" role="alert">
                Choose one at least.
              </span>
            `}
          </fieldset>
          <${Field}
            form=${form}
            name="team_id"
            label="Only for the team"
            kind="select"
            options=${[["", "None: all teams"], ...Object.entries(teams)]}
          />
          <${Field}
            form=${form}
            name="expires_at"
            kind="datetime-local"
            label="Expires"
            hint="On your clocks. Empty: never. It also ends with you."
          />
        <//>
      `}
    <//>
  `;
}
