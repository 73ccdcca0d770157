/** What it costs, for whom, and at which prices. */
import { html, useData } from "../ui.js";
import { get, all, may } from "../api.js";
import { route, setQuery } from "../router.js";
import { count, money, percent, change } from "../format.js";
import { Loaded, Empty } from "../widgets/states.js";
import { Chart, Legend } from "../widgets/chart.js";
import { Table } from "../widgets/table.js";
import { Bar, Tabs, Pill } from "../widgets/basics.js";
import { range, RangePicker, filled, nameOf } from "../widgets/range.js";
import { BudgetTable } from "../widgets/budgets.js";

export const Tools = () => html`<${RangePicker} fallback="30d" />`;
const TABS = [
  ["spend", "Spend"],
  ["budgets", "Budgets"],
  ["unpriced", "Unpriced"],
  ["prices", "Prices"],
];

export default function Costs() {
  const tab = route.value.query.tab || "spend";
  return html`
    <div class="stack">
      <${Tabs} options=${TABS} value=${tab} onPick=${(value) => setQuery({ tab: value === "spend" ? "" : value })} />
      ${tab === "spend" && html`<${Spend} />`}
      ${tab === "budgets" && html`<${BudgetTable} />`}
      ${tab === "unpriced" && html`<${Unpriced} />`}
      ${tab === "prices" && html`<${Prices} />`}
    </div>
  `;
}

function Spend() {
  const when = range("30d");
  const params = { since: when.since, until: when.until };
  const series = useData(() => get("/api/usage", { ...params, by: when.step, compare: true }), [when.name]);
  return html`
    <${Loaded} from=${series} rows=${6}>
      ${(data) => {
        const { times, rows } = filled(data);
        const moved = change(Number(data.total.cost), Number(data.previous?.cost));
        const shown = [
          {
            label: "Spend",
            values: rows.map((row) => (row ? Number(row.cost) : 0)),
            color: "--series-4",
          },
        ];
        return html`
          <section class="card">
            <header>
              <div>
                <h2>${money(data.total.cost)} in this range</h2>
                <span class="small muted">
                  ${moved === null
                    ? "nothing to compare with"
                    : `${moved >= 0 ? "+" : "−"}${percent(Math.abs(moved))} against the period before`}${" "}
                  · ${money(perDay(data))} a day · about ${money(perDay(data) * 30)} a month at this pace
                </span>
              </div>
              <${Legend} bars series=${shown} />
            </header>
            <div class="body">
              <${Chart} label="Spend" bars times=${times} format=${money} series=${shown} />
            </div>
          </section>
        `;
      }}
    <//>
    <div class="grid">
      ${[
        ["provider", "Providers"],
        ["model", "Models"],
        ["client", "Clients"],
        ["key", "Keys"],
        ["team", "Teams"],
        ["organisation", "Organisations"],
      ].map(([by, title]) => html`
        <${Breakdown} key=${by} by=${by} title=${title} params=${params} name=${when.name} />
      `)}
    </div>
  `;
}

const perDay = (data) =>
  Number(data.total.cost) /
  Math.max(1 / 24, (new Date(data.until).getTime() - new Date(data.since).getTime()) / 86400000);

function Breakdown({ by, title, params, name }) {
  const found = useData(() => get("/api/usage", { ...params, by }), [name]);
  return html`
    <section class="card span-6">
      <header>
        <h2>${title}</h2>
      </header>
      <${Loaded} from=${found}>
        ${(data) => {
          const total = Number(data.total.cost) || 1;
          if (!data.items.length) return html`<${Empty} title="No calls in this range" />`;
          return html`
            <${Table}
              label=${`Spend by ${by}`}
              rows=${data.items.slice(0, 12)}
              rowKey=${(row) => row.id}
              columns=${[
                {
                  key: "name",
                  head: "Name",
                  cell: (row) => html`
                    <span class="clip" title=${row.id}>
                      ${nameOf(row, by)}
                    </span>
                  `,
                },
                {
                  key: "calls",
                  head: "Calls",
                  num: true,
                  cell: (row) => count(row.calls),
                  sort: (row) => row.calls,
                },
                {
                  key: "cost",
                  head: "Spend",
                  num: true,
                  cell: (row) =>
                    Number(row.cost) === 0 && row.unpriced ? html`
                      <${Pill} kind="warn">unpriced<//>
                    ` : (
                      money(row.cost)
                    ),
                  sort: (row) => Number(row.cost),
                },
                {
                  key: "share",
                  head: "Share",
                  cell: (row) => html`
                    <${Bar} share=${Number(row.cost) / total} label=${percent(Number(row.cost) / total)} />
                  `,
                },
              ]}
            />
          `;
        }}
      <//>
    </section>
  `;
}

function Unpriced() {
  const when = range("30d");
  const found = useData(
    () => get("/api/usage", { since: when.since, until: when.until, by: "model" }),
    [when.name],
  );
  return html`
    <section class="card">
      <header>
        <h2>Models without a price</h2>
        <span class="small muted">their calls are counted, and cost "unpriced", never $0</span>
      </header>
      <${Loaded} from=${found}>
        ${(data) => {
          const rows = data.items.filter((row) => row.unpriced);
          if (!rows.length) return html`<${Empty} title="Every call has a price">Nothing to do.<//>`;
          return html`
            <${Table}
              label="Unpriced models"
              rows=${rows}
              rowKey=${(row) => row.id}
              columns=${[
                { key: "name", head: "Model", cell: (row) => nameOf(row, "model") },
                {
                  key: "calls",
                  head: "Unpriced calls",
                  num: true,
                  cell: (row) => count(row.unpriced),
                  sort: (row) => row.unpriced,
                },
                { key: "tokens", head: "Tokens", num: true, cell: (row) => count(row.input + row.output) },
                {
                  key: "do",
                  head: "",
                  cell: (row) => html`
                    <a href=${`#/models?q=${encodeURIComponent(row.name)}`}>
                      ${may("edit") ? "Set a price" : "Look"}
                    </a>
                  `,
                },
              ]}
            />
          `;
        }}
      <//>
    </section>
  `;
}

function Prices() {
  const found = useData(() => all("/api/models", {}, 3000), []);
  return html`
    <section class="card">
      <header>
        <h2>Price table</h2>
        <span class="small muted">US dollars per million tokens</span>
      </header>
      <${Loaded} from=${found}>
        ${(rows) => {
          const shown = rows.filter((row) => !row.is_group);
          if (!shown.length)
            return html`
              <${Empty}
                title="No models yet"
                action=${
                  html`<a class="button main" href="#/providers/new">
                    Add a provider
                  </a>`
                }
              />
            `;
          return html`
            <${Table}
              label="Prices"
              rows=${shown}
              rowKey=${(row) => row.name}
              columns=${[
                {
                  key: "name",
                  head: "Model",
                  cell: (row) => html`
                    <a href=${`#/models/${row.name}`} class="clip">
                      ${row.name}
                    </a>
                  `,
                  sort: (row) => row.name,
                },
                ...[
                  ["input", "Input"],
                  ["cache_read", "Cache read"],
                  ["cache_write", "Cache write"],
                  ["output", "Output"],
                ].map(([key, head]) => ({
                  key,
                  head,
                  num: true,
                  cell: (row) => row.price?.[key] ?? html`<span class="faint">–</span>`,
                  sort: (row) => (row.price ? Number(row.price[key]) : -1),
                })),
                {
                  key: "source",
                  head: "Source",
                  cell: (row) =>
                    row.price_override ? html`
                      <${Pill} kind="accent">yours<//>
                    ` : row.price ? html`
                      <span class="small muted">${row.price.version}</span>
                    ` : html`
                      <${Pill} kind="warn">unpriced<//>
                    `,
                },
                {
                  key: "discount",
                  head: "Discount",
                  cell: (row) =>
                    row.discounts.map((one) => html`
                      <${Pill} kind="ok" title=${one.note}>
                        −${percent(Number(one.share))}
                      <//>
                    `),
                },
              ]}
            />
          `;
        }}
      <//>
    </section>
  `;
}
