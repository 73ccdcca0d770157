/** Teams, the organisations they belong to, and the budgets and limits that hold for them. */
import { html } from "../ui.js";
import { route, go } from "../router.js";
import { Tabs } from "../widgets/basics.js";
import { BudgetTable } from "../widgets/budgets.js";
import { LimitTable } from "./teams/limits.js";
import { TeamList } from "./teams/list.js";
import { Organisations } from "./teams/organisations.js";

const TABS = [
  ["teams", "Teams"],
  ["budgets", "Budgets"],
  ["limits", "Limits"],
  ["organisations", "Organisations"],
];

export default function Teams() {
  const [tab = "teams", which = ""] = route.value.detail.split("/");
  const shown = tab || "teams";
  return html`
    <div class="stack">
      <${Tabs} options=${TABS} value=${shown} onPick=${(value) => go("teams", value)} />
      ${shown === "teams" && html`<${TeamList} which=${which} />`}
      ${shown === "budgets" && html`<${BudgetTable} />`}
      ${shown === "limits" && html`<${LimitTable} which=${which} />`}
      ${shown === "organisations" && html`<${Organisations} which=${which} />`}
    </div>
  `;
}
