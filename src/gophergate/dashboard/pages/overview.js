/** Is it fine, what does it cost, what needs me. */
import { html, useData } from "../ui.js";
import { get, all, may } from "../api.js";
import { count, duration, money, percent, change, exactly } from "../format.js";
import { Loaded, Empty } from "../widgets/states.js";
import { Chart, Legend, Spark } from "../widgets/chart.js";
import { Bar, Pill } from "../widgets/basics.js";
import { range, RangePicker, filled } from "../widgets/range.js";
import { host } from "../socket.js";

export const Tools = () => html`<${RangePicker} />`;

export default function Overview() {
  const when = range();
  const params = { since: when.since, until: when.until };
  const series = useData(() => get("/api/usage", { ...params, by: when.step, compare: true }), [when.name], {
    every: 30000,
  });
  const providers = useData(
    () =>
      Promise.all([
        all("/api/providers"),
        get("/api/usage", { by: "provider", since: new Date(Date.now() - 3600000).toISOString() }),
      ]),
    [],
    { every: 30000 },
  );
  const models = useData(() => get("/api/usage", { ...params, by: "model" }), [when.name], { every: 60000 });
  const clients = useData(() => get("/api/usage", { ...params, by: "client" }), [when.name], { every: 60000 });
  return html`
    <div class="stack">
      <${Start} series=${series} />
      <div class="grid" aria-busy=${series.stale}>
        <${Figures} from=${series} />
      </div>
      <div class="grid">
        <section class="card span-8">
          <header>
            <h2>Calls by outcome</h2>
            <${Legend} stacked series=${OUTCOMES} />
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
          <${Attention} series=${series} providers=${providers} />
        </section>
        <section class="card span-12" style=${{ overflow: "hidden" }}>
          <header>
            <h2>Providers</h2>
            <span class="small muted">health over the last hour</span>
          </header>
          <${Loaded} from=${providers}>${([rows, usage]) => html`<${Health} rows=${rows} usage=${usage} />`}<//>
        </section>
        <section class="card span-6">
          <header>
            <h2>Models by spend</h2>
            <a href="#/costs">Costs</a>
          </header>
          <div class="body">
            <${Loaded} from=${models}>${(data) => html`<${Top} rows=${data.items} page="calls" member="model" />`}<//>
          </div>
        </section>
        <section class="card span-6">
          <header>
            <h2>Clients by spend</h2>
            <a href="#/clients">Clients</a>
          </header>
          <div class="body">
            <${Loaded} from=${clients}>
              ${(data) => html`<${Top} rows=${data.items} page="calls" member="client_id" />`}
            <//>
          </div>
        </section>
      </div>
    </div>
  `;
}

const OUTCOMES = [
  { label: "OK", color: "--series-2" },
  { label: "Refused", color: "--series-3" },
  { label: "Failed", color: "--series-5" },
  { label: "Client left", color: "--series-6" },
];

function Start({ series }) {
  if (!series.data || series.data.total.calls || (series.data.previous && series.data.previous.calls))
    return null;
  return html`
    <div class="notice">
      <span>No calls in this range yet. Three steps lead to the first one.</span>
      <a class="button main" href="#/welcome">
        Make the first call
      </a>
    </div>
  `;
}

function Figures({ from }) {
  const { data } = from;
  if (!data)
    return [0, 1, 2, 3].map((n) => html`
      <div class="card figure span-3" key=${n}>
        <div class="skeleton" style=${{ width: "60%" }}></div>
        <div class="skeleton" style=${{ height: "32px", width: "45%" }}></div>
      </div>
    `);
  const { total, previous } = data;
  const { rows } = filled(data);
  const failed = (row) => (row ? row.error + row.timeout : 0);
  const rate = (row) => (row && row.calls ? failed(row) / row.calls : 0);
  const list = (of) => rows.map((row) => (row ? of(row) : 0));
  return [
    html`<${Figure}
      key="calls"
      name="Calls"
      value=${count(total.calls)}
      title=${exactly(total.calls)}
      change=${change(total.calls, previous?.calls)}
      context=${host.value ? `${host.value.running} running` : "in this range"}
      values=${list((row) => row.calls)}
    />`,
    html`<${Figure}
      key="errors"
      name="Error rate"
      value=${percent(rate(total))}
      title=${`${failed(total)} of ${total.calls}`}
      points=${previous && previous.calls ? rate(total) - rate(previous) : null}
      down
      context=${`${count(failed(total))} failed, ${count(total.refused)} refused`}
      values=${rows.map(rate)}
      color="--series-5"
    />`,
    html`<${Figure}
      key="spend"
      name="Spend"
      value=${money(total.cost)}
      title=${`$${total.cost}`}
      change=${change(Number(total.cost), Number(previous?.cost))}
      context=${total.unpriced ? `${count(total.unpriced)} calls unpriced` : "every call priced"}
      values=${list((row) => Number(row.cost))}
      color="--series-4"
    />`,
    html`<${Figure}
      key="first"
      name="First token, p50"
      value=${duration(total.first_token_ms_p50)}
      title="half of all calls are quicker"
      change=${change(total.first_token_ms_p50, previous?.first_token_ms_p50)}
      down
      context=${`p95 ${duration(total.first_token_ms_p95)}`}
      values=${list((row) => row.first_token_ms_p50)}
      color="--series-2"
    />`,
  ];
}

function Figure({
  name,
  value,
  title,
  change: moved = null,
  points = null,
  down = false,
  context,
  values,
  color = "--series-1",
}) {
  const shown =
    moved === null || moved === undefined
      ? points === null
        ? null
        : `${points >= 0 ? "+" : "−"}${Math.abs(points * 100).toFixed(1)} points`
      : `${moved >= 0 ? "+" : "−"}${percent(Math.abs(moved))}`;
  const direction = moved ?? points;
  const good =
    direction === null || Math.abs(direction) < 0.005 ? "" : direction > 0 === down ? "down" : down ? "up" : "";
  return html`
    <section class="card figure span-3" aria-label=${name}>
      <h3>${name}</h3>
      <div class="value" title=${title}>
        ${value}
      </div>
      <div class="context">
        ${shown && html`
          <span class=${good} title="Against the period before">
            ${shown}
          </span>
        `}
        <span>${context}</span>
      </div>
      <${Spark} values=${values} color=${color} />
    </section>
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
      stacked
      times=${times}
      format=${count}
      series=${OUTCOMES.map((one, n) => ({ ...one, values: values[n] }))}
    />
  `;
}

function Health({ rows, usage }) {
  const seen = Object.fromEntries(usage.items.map((row) => [row.id, row]));
  if (!rows.length)
    return html`
      <${Empty}
        title="No provider yet"
        action=${
          html`<a class="button main" href="#/providers/new">
            Add a provider
          </a>`
        }
      >
        The simulator answers without one: serve with <code>--demo</code>.
      <//>
    `;
  return html`
    <div class="health">
      ${rows.map((row) => {
        const mine = seen[row.name];
        const failing = mine && mine.calls ? (mine.error + mine.timeout) / mine.calls : 0;
        const [kind, word] =
          row.state === "broken"
            ? ["bad", row.problem || "broken"]
            : row.state === "disabled"
              ? ["", "disabled"]
              : failing > 0.5
                ? ["bad", `${percent(failing)} of calls fail`]
                : failing > 0.05
                  ? ["warn", `${percent(failing)} of calls fail`]
                  : ["ok", mine ? `${count(mine.calls)} calls, p50 ${duration(mine.latency_ms_p50)}` : "idle"];
        return html`
          <a key=${row.name} href=${`#/providers/${encodeURIComponent(row.name)}`}>
            <span class="line nowrap">
              <i class=${`dot ${kind}`}></i>
              <b class="clip">${row.name}</b>
            </span>
            <span class="small muted clip" title=${word}>
              ${word}
            </span>
          </a>
        `;
      })}
    </div>
  `;
}

function Attention({ series, providers }) {
  const budgets = useData(() => all("/api/budgets").catch(() => []), []);
  const keys = useData(() => all("/api/keys").catch(() => []), []);
  const found = [];
  for (const row of providers.data?.[0] || [])
    if (row.state === "broken")
      found.push(["bad", `${row.name} is out of service: ${row.problem}`, `#/providers/${row.name}`, "Look"]);
  for (const row of providers.data?.[1].items || [])
    if (row.calls > 4 && (row.error + row.timeout) / row.calls > 0.2)
      found.push([
        "bad",
        `${percent((row.error + row.timeout) / row.calls)} of ${row.id}'s calls failed in the last hour`,
        `#/calls?provider=${encodeURIComponent(row.id)}&status=error`,
        "See them",
      ]);
  for (const row of budgets.data || [])
    if (Number(row.amount) && Number(row.spent) / Number(row.amount) >= 0.8)
      found.push([
        Number(row.spent) >= Number(row.amount) ? "bad" : "warn",
        `The ${row.period} budget of ${row.scope_name || row.scope} is ${percent(Number(row.spent) / Number(row.amount))} used`,
        "#/teams/budgets",
        "Open",
      ]);
  const unpriced = series.data?.total.unpriced;
  if (unpriced)
    found.push(["warn", `${count(unpriced)} calls have no price`, "#/costs?tab=unpriced", "Set a price"]);
  for (const row of keys.data || []) {
    const left = row.expires_at && !row.revoked_at ? new Date(row.expires_at).getTime() - Date.now() : null;
    if (left !== null && left > 0 && left < 7 * 86400000)
      found.push([
        "warn",
        `The key ${row.name || row.last4} expires in ${Math.ceil(left / 86400000)} days`,
        `#/clients/${row.client_id}`,
        may("edit") ? "Rotate" : "Look",
      ]);
  }
  const lost = host.value?.ledger?.dropped_bodies;
  if (lost)
    found.push(["warn", `${count(lost)} bodies were not kept: the database is too slow`, "#/settings", "Look"]);
  if (!found.length)
    return html`<${Empty} title="Nothing needs you">Providers answer, prices are known, budgets hold.<//>`;
  return html`
    <ul class="attention">
      ${found.slice(0, 8).map(([kind, text, address, word]) => html`
        <li key=${text}>
          <i class=${`dot ${kind}`}></i>
          <span class="grow">${text}</span>
          <a href=${address}>${word}</a>
        </li>
      `)}
    </ul>
  `;
}

export function Top({ rows, page, member }) {
  const priced = rows.slice(0, 6);
  const most = Number(priced[0]?.cost) || 0;
  if (!rows.length) return html`<p class="muted">No calls in this range.</p>`;
  return html`
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th class="num">Calls</th>
            <th class="num">Spend</th>
            <th>
              <span class="hidden">Share</span>
            </th>
          </tr>
        </thead>
        <tbody>
          ${priced.map((row) => html`
            <tr key=${row.id}>
              <td>
                <a class="clip" href=${`#/${page}?${member}=${encodeURIComponent(row.id)}`}>
                  ${row.name || "(none)"}
                </a>
              </td>
              <td class="num">${count(row.calls)}</td>
              <td class="num">
                ${Number(row.cost) === 0 && row.unpriced ? html`<${Pill} kind="warn">unpriced<//>` : money(row.cost)}
              </td>
              <td style=${{ width: "90px" }}>
                <${Bar} share=${most ? Number(row.cost) / most : 0} label=${`${row.name}: ${money(row.cost)}`} />
              </td>
            </tr>
          `)}
        </tbody>
      </table>
    </div>
  `;
}
