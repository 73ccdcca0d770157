/** Who something holds for: an organisation, a team, a user, a client, a key, a model, a session. */
import { html, useData } from "../ui.js";
import { names as namesOf } from "../api.js";
import { Field } from "./form.js";

/** @type {[string, string][]} */
export const SCOPES = [
  ["organisation", "Organisation"],
  ["team", "Team"],
  ["user", "User"],
  ["client", "Client"],
  ["key", "Key"],
  ["model", "Model"],
  ["session", "Session"],
];
/** Scopes whose members are in a list of ours; others are named freely. */
const LISTS = { organisation: "organisations", team: "teams", user: "users", client: "clients", key: "keys" };

/** Two fields: `scope`, and `scope_id` chosen from what there is. @param {{form: import("./form.js").Form, scopes?: [string, string][]}} props */
export function ScopeFields({ form, scopes = SCOPES }) {
  const { scope } = form.values;
  const list = LISTS[scope];
  const found = useData(() => (list ? namesOf(list) : Promise.resolve({})), [list]);
  const choices = found.data && !found.stale ? Object.entries(found.data) : null;
  const first = choices ? (choices.length ? "Choose…" : `There is no ${scope} yet`) : "Loading…";
  return html`
    <${Field} form=${form} name="scope" label="Whose" kind="select" options=${scopes} />
    ${list ? html`
      <${Field}
        form=${form}
        name="scope_id"
        label="Which"
        kind="select"
        disabled=${!choices}
        options=${[["", first], ...(choices || [])]}
      />
    ` : html`
      <${Field}
        form=${form}
        name="scope_id"
        label=${scope === "model" ? "Model" : "Which"}
        placeholder=${scope === "model" ? "openai/gpt-4.1" : "* for each session"}
      />
    `}
  `;
}

/** "team Checkout, for openai/gpt-4.1" @param {any} row */
export const ScopeName = ({ row }) => html`
  <span class="clip">
    <span class="muted">${row.scope}</span> ${row.scope_id === "*" ? "each" : row.scope_name || row.scope_id}
    ${row.model && html`
      ${" "}
      <span class="muted">for ${row.model}</span>
    `}
  </span>
`;
