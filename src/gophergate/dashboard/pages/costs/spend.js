/** Spend by time, and by whom. */
import { html, useData } from "../../ui.js";
import { get } from "../../api.js";
import { change, money, movement } from "../../format.js";
import { Chart } from "../../widgets/chart.js";
import { filled, range } from "../../widgets/range.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { UsageTable } from "../../widgets/usage.js";

const DAY = 86400000;
const MOST = 12;
/** What a sum is by, and its heading. @type {[string, string][]} */
const BY = [
  ["provider", "Providers"],
  ["model", "Models"],
  ["client", "Clients"],
  ["key", "Keys"],
  ["team", "Teams"],
  ["organisation", "Organisations"],
];

export function Spend() {
  const when = range("30d");
  const params = { since: when.since, until: when.until };
  const series = useData(() => get("/api/usage", { ...params, by: when.step, compare: true }), [when.name]);
  return html`
    <${Loaded} from=${series} rows=${6}>
      ${(data) => html`<${OverTime} data=${data} />`}
    <//>
    <div class="grid">
      ${BY.map(([by, title]) => html`
        <${Breakdown} key=${by} by=${by} title=${title} params=${params} name=${when.name} />
      `)}
    </div>
  `;
}

/** What it comes to in a day. */
function perDay(data) {
  const days = (Math.min(Date.now(), new Date(data.until).getTime()) - new Date(data.since).getTime()) / DAY;
  return Number(data.total.cost) / Math.max(1 / 24, days);
}

function OverTime({ data }) {
  const { times, rows } = filled(data);
  const moved = change(Number(data.total.cost), Number(data.previous?.cost));
  const series = [
    { label: "Spend", values: rows.map((row) => (row ? Number(row.cost) : 0)), color: "--series-4" },
  ];
  const compared = moved === null ? "nothing to compare with" : `${movement(moved)} against the period before`;
  return html`
    <section class="card">
      <header>
        <div>
          <h2 title=${`$${data.total.cost}`}>${money(data.total.cost)} in this range</h2>
          <span class="small muted">
            ${compared} · ${money(perDay(data))} a day · about ${money(perDay(data) * 30)} a month at this pace
          </span>
        </div>
      </header>
      <div class="body">
        <${Chart} label="Spend" bars times=${times} format=${money} series=${series} />
      </div>
    </section>
  `;
}

function Breakdown({ by, title, params, name }) {
  const found = useData(() => get("/api/usage", { ...params, by }), [name]);
  return html`
    <section class="card span-6">
      <header>
        <h2>${title}</h2>
      </header>
      <${Loaded} from=${found}>
        ${(data) =>
          data.items.length ? html`
            <${UsageTable}
              label=${`Spend by ${by}`}
              by=${by}
              rows=${data.items}
              show=${["calls", "cost"]}
              where=${{ range: name }}
              most=${MOST}
              whole=${Number(data.total.cost) || 1}
            />
          ` : html`
            <${Empty} title="No calls in this range" />
          `
        }
      <//>
    </section>
  `;
}
