/** What it costs, for whom, and at which prices. */
import { html } from "../ui.js";
import { may } from "../api.js";
import { route, setQuery } from "../router.js";
import { Tabs } from "../widgets/basics.js";
import { BudgetTable } from "../widgets/budgets.js";
import { RangePicker } from "../widgets/range.js";
import { Prices } from "./costs/prices.js";
import { Reconcile } from "./costs/reconcile.js";
import { Spend } from "./costs/spend.js";
import { Unpriced } from "./costs/unpriced.js";

const TABS = {
  spend: ["Spend", Spend],
  budgets: ["Budgets", BudgetTable],
  unpriced: ["Unpriced", Unpriced],
  prices: ["Prices", Prices],
  reconcile: ["Reconcile", Reconcile],
};

export const Tools = () =>
  ["spend", "unpriced", undefined].includes(route.value.query.tab) ? html`<${RangePicker} fallback="30d" />` : null;

export default function Costs() {
  const asked = route.value.query.tab || "spend";
  const tabs = Object.entries(TABS).filter(([key]) => key !== "reconcile" || may("configure"));
  const tab = tabs.some(([key]) => key === asked) ? asked : "spend";
  const Shown = TABS[tab][1];
  return html`
    <div class="stack">
      <${Tabs}
        options=${tabs.map(([key, [word]]) => [key, word])}
        value=${tab}
        onPick=${(value) => setQuery({ tab: value === "spend" ? "" : value })}
      />
      <${Shown} />
    </div>
  `;
}
