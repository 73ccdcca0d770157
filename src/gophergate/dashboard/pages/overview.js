/** Is it fine, what does it cost, what needs me. */
import { html, useData } from "../ui.js";
import { get, all } from "../api.js";
import { count } from "../format.js";
import { Loaded } from "../widgets/states.js";
import { Chart, Legend } from "../widgets/chart.js";
import { range, RangePicker, filled } from "../widgets/range.js";
import { Attention } from "./overview/attention.js";
import { Figures } from "./overview/figures.js";
import { Health } from "./overview/health.js";
import { Top } from "./overview/top.js";

const HOUR = 3600000;
const OUTCOMES = [
  { label: "OK", color: "--series-calm" },
  { label: "Refused", color: "--series-3" },
  { label: "Failed", color: "--series-5" },
  { label: "Client left", color: "--series-6" },
];

export const Tools = () => html`<${RangePicker} />`;

export default function Overview() {
  const when = range();
  const params = { since: when.since, until: when.until };
  const often = { every: 30000 };
  const rarely = { every: 60000 };
  const series = useData(
    () => get("/api/usage", { ...params, by: when.step, compare: true }),
    [when.name],
    often,
  );
  const providers = useData(() => all("/api/providers"), [], often);
  const hour = useData(
    () => get("/api/usage", { by: "provider", since: new Date(Date.now() - HOUR).toISOString() }),
    [],
    often,
  );
  const models = useData(() => get("/api/usage", { ...params, by: "model" }), [when.name], rarely);
  const clients = useData(() => get("/api/usage", { ...params, by: "client" }), [when.name], rarely);
  return html`
    <div class="stack">
      <${Start} series=${series} />
      <div class="grid" aria-busy=${series.stale}>
        <${Figures} from=${series} />
      </div>
      <div class="grid">
        <section class="card span-8 filled">
          <header>
            <h2>Calls by outcome</h2>
            <${Legend} bars series=${OUTCOMES} />
          </header>
          <div class="body">
            <${Loaded} from=${series} rows=${6}>
              ${(data) => html`<${Outcomes} data=${data} />`}
            <//>
          </div>
        </section>
        <section class="card span-4">
          <header>
            <h2>Needs attention</h2>
          </header>
          <${Attention} series=${series} providers=${providers} hour=${hour} />
        </section>
        <section class="card span-12">
          <header>
            <h2>Providers</h2>
            <span class="small muted">over the last hour</span>
          </header>
          <${Loaded} from=${providers}>${(rows) => html`<${Health} rows=${rows} hour=${hour} />`}<//>
        </section>
        <section class="card span-6">
          <header>
            <h2>Models by spend</h2>
            <a href="#/costs">Costs</a>
          </header>
          <${Loaded} from=${models}>${(data) => html`<${Top} rows=${data.items} by="model" range=${when.name} />`}<//>
        </section>
        <section class="card span-6">
          <header>
            <h2>Clients by spend</h2>
            <a href="#/clients">Clients</a>
          </header>
          <${Loaded} from=${clients}>${(data) => html`<${Top} rows=${data.items} by="client" range=${when.name} />`}<//>
        </section>
      </div>
    </div>
  `;
}

/** Where nothing was ever called, the way to the first call. */
function Start({ series }) {
  const { data } = series;
  if (!data || data.total.calls || data.previous?.calls) return null;
  return html`
    <div class="notice">
      <span>No calls in this range yet. Three steps lead to the first one.</span>
      <a class="button main" href="#/welcome">
        Make the first call
      </a>
    </div>
  `;
}

function Outcomes({ data }) {
  const { times, rows } = filled(data);
  const of = (pick) => rows.map((row) => (row ? pick(row) : 0));
  const values = [
    of((row) => row.ok),
    of((row) => row.refused),
    of((row) => row.error + row.timeout),
    of((row) => row.client_closed),
  ];
  return html`
    <${Chart}
      label="Calls by outcome"
      bars
      fills
      times=${times}
      format=${count}
      series=${OUTCOMES.map((one, n) => ({ ...one, values: values[n] }))}
    />
  `;
}
