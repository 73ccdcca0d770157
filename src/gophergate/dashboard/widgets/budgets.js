/** Budgets with their progress and their forecast. */
import { html, useData } from "../ui.js";
import { all, may } from "../api.js";
import { go, route } from "../router.js";
import { duration, money, percent } from "../format.js";
import { Bar, Button, Pill, When } from "./basics.js";
import { BudgetDrawer } from "./budgetform.js";
import { useFresh } from "./fresh.js";
import { ScopeName } from "./scope.js";
import { Empty, Loaded } from "./states.js";
import { Table } from "./table.js";

/** A forecast from less than this share of a period would be a guess. */
const EARLY = 0.02;
const WARNED = 0.8;

export function BudgetTable() {
  const budgets = useData(() => all("/api/budgets"), [], { every: 15000 });
  useFresh(["budget"], budgets.reload);
  const { page, detail, query } = route.value;
  const { budget: open = "", scope, scope_id, ...rest } = query;
  const show = (id) => go(page, detail, { ...rest, budget: id });
  const done = () => {
    show("");
    budgets.reload();
  };
  const set = may("edit") && html`
    <${Button} kind="main" onClick=${() => show("new")}>
      Set a budget
    <//>
  `;
  return html`
    <section class="card">
      <header>
        <h2>Budgets</h2>
        ${set}
      </header>
      <${Loaded} from=${budgets}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Budgets"
              rows=${rows}
              rowKey=${(row) => row.id}
              selected=${open}
              onOpen=${(row) => show(row.id)}
              columns=${COLUMNS}
            />
          ` : html`
            <${Empty} title="No budget yet" action=${set}>
              A budget stops calls before they are made when the money is used up, for a team, a client, a key,
              a model or a session.
            <//>
          `
        }
      <//>
      ${open && (open !== "new" || may("edit")) && html`
        <${BudgetDrawer} key=${open} id=${open} whose=${{ scope, scope_id }} onDone=${done} onClose=${() => show("")} />
      `}
    </section>
  `;
}

/** What may be spent now: the amount and what it was raised by. */
export const allowed = (row) => Number(row.amount) + Number(row.raised || 0);
/** What is spent and held of it, as a share. */
export const used = (row) => (allowed(row) ? (Number(row.spent) + Number(row.reserved)) / allowed(row) : 0);

/** Where it will stand at the end of the period, if it goes on like this; null when nobody can tell. */
export function forecast(row) {
  if (!row.resets_at || !row.window_start || row.period === "rolling") return null;
  const begin = new Date(row.window_start).getTime();
  const end = new Date(row.resets_at).getTime();
  const past = (Date.now() - begin) / (end - begin);
  return past > EARLY ? Number(row.spent) / past : null;
}

/** "a month", "the last 7 d" @param {any} row */
export function periodWords(row) {
  if (row.period === "total") return "in total";
  return row.period === "rolling"
    ? `the last ${duration(row.seconds * 1000).replace(/ 0 h$/, "")}`
    : `a ${row.period}`;
}

const COLUMNS = [
  { key: "scope", head: "Whose", cell: (row) => html`<${ScopeName} row=${row} />`, sort: (row) => row.scope },
  { key: "period", head: "Period", phone: false, cell: periodWords },
  {
    key: "amount",
    head: "Budget",
    num: true,
    cell: (row) => html`
      ${money(row.amount)}
      ${Number(row.raised) > 0 && html`
        ${" "}
        <${Pill} kind="accent" title="Raised for a while">
          +${money(row.raised)}
        <//>
      `}
    `,
    sort: allowed,
  },
  {
    key: "spent",
    head: "Spent",
    phone: false,
    num: true,
    cell: (row) => html`<span title=${`${money(row.reserved)} held for calls under way`}>${money(row.spent)}</span>`,
    sort: (row) => Number(row.spent),
  },
  { key: "used", head: "Used", cell: (row) => html`<${Used} row=${row} />`, sort: used },
  { key: "forecast", head: "Forecast", num: true, phone: false, cell: (row) => html`<${Forecast} row=${row} />` },
  {
    key: "resets",
    head: "Resets",
    phone: false,
    cell: (row) => (row.resets_at ? html`<${When} at=${row.resets_at} />` : html`<span class="faint">never</span>`),
  },
  {
    key: "hard",
    head: "At the limit",
    phone: false,
    cell: (row) => html`<${Pill}>${row.hard ? "refuse" : "warn"}<//>`,
  },
];

function Used({ row }) {
  const share = used(row);
  const kind = share >= 1 ? "bad" : share >= WARNED ? "warn" : "";
  return html`
    <div class="line nowrap used">
      <${Bar} share=${share} kind=${kind} label=${percent(share)} />
      <span class="figures small">${percent(share)}</span>
    </div>
  `;
}

function Forecast({ row }) {
  const at = forecast(row);
  if (at === null) return html`<span class="faint">–</span>`;
  const isOver = at > allowed(row);
  return html`
    <span
      class=${isOver ? "down" : ""}
      title=${
        isOver ? "At this pace it is used up before the period ends" : "At this pace, at the end of the period"
      }
    >
      ${money(at)}
    </span>
  `;
}
