/** What was used, by time and by whom; beside it the period before. */
import { html, useData, useState } from "../ui.js";
import { get, names as namesOf } from "../api.js";
import { route, setQuery } from "../router.js";
import { change, count, duration, money, percent, exactly } from "../format.js";
import { Loaded, Empty } from "../widgets/states.js";
import { Chart, Legend } from "../widgets/chart.js";
import { Table } from "../widgets/table.js";
import { Segments, Button, Pill } from "../widgets/basics.js";
import { range, RangePicker, filled } from "../widgets/range.js";

export const Tools = () => html`<${RangePicker} fallback="7d" />`;
const BY = [
  ["model", "Model"],
  ["provider", "Provider"],
  ["client", "Client"],
  ["key", "Key"],
  ["team", "Team"],
  ["status", "Outcome"],
];
const TOKENS = [
  { label: "Input", of: (row) => row.input || 0 },
  { label: "Cache read", of: (row) => row.cache_read || 0 },
  { label: "Cache write", of: (row) => (row.cache_write || 0) + (row.cache_write_1h || 0) },
  { label: "Output", of: (row) => row.output || 0 },
];
const failed = (row) => (row.calls ? (row.error + row.timeout) / row.calls : 0);
export const hitRatio = (row) => {
  const all = row.input + row.cache_read + row.cache_write + row.cache_write_1h;
  return all ? row.cache_read / all : null;
};

export default function Analytics() {
  const { query } = route.value;
  const when = range("7d");
  const by = query.by || "model";
  const where = { client_id: query.client_id, provider: query.provider, model: query.model };
  const key = JSON.stringify([when.name, where]);
  const params = { since: when.since, until: when.until, ...where };
  const series = useData(() => get("/api/usage", { ...params, by: when.step, compare: true }), [key]);
  const groups = useData(() => get("/api/usage", { ...params, by }), [key, by]);
  const clients = useData(() => namesOf("clients"), []).data || {};
  const providers = useData(() => namesOf("providers"), []).data || {};
  const pick = (name, word, options) => html`
    <select class="input slim" aria-label=${word} onChange=${(event) => setQuery({ [name]: event.target.value })}>
      <option value="">${word}</option>
      ${options.map(([value, shown]) => html`
        <option key=${value} value=${value} selected=${query[name] === value}>
          ${shown}
        </option>
      `)}
    </select>
  `;
  return html`
    <div class="stack">
      <div class="filters">
        ${pick("client_id", "Every client", Object.entries(clients))}
        ${pick(
          "provider",
          "Every provider",
          Object.keys(providers).map((name) => [name, name]),
        )}
        <input
          class="input slim"
          placeholder="provider/model"
          aria-label="Only this model"
          value=${query.model || ""}
          onChange=${(event) => setQuery({ model: event.target.value.trim() })}
        />
      </div>
      <${Loaded} from=${series} rows=${6}>
        ${(data) => html`
          <${Totals} data=${data} />
          <${Charts} data=${data} />
        `}
      <//>
      <section class="card">
        <header>
          <h2>By ${BY.find(([name]) => name === by)?.[1].toLowerCase()}</h2>
          <div class="line">
            <${Segments}
              label="Group by"
              options=${BY}
              value=${by}
              onPick=${(value) => setQuery({ by: value === "model" ? "" : value })}
            />
            <${Button} onClick=${() => save(groups.data, "csv")} disabled=${!groups.data}>
              CSV
            <//>
            <${Button} onClick=${() => save(groups.data, "json")} disabled=${!groups.data}>
              JSON
            <//>
          </div>
        </header>
        <${Loaded} from=${groups}>
          ${(data) =>
            data.items.length ? html`
              <${Table} label="Usage" rows=${data.items} rowKey=${(row) => row.id} columns=${COLUMNS} sort="-calls" />
            ` : html`
              <${Empty} title="No calls in this range">Choose a longer one above.<//>
            `
          }
        <//>
      </section>
    </div>
  `;
}

const COLUMNS = [
  {
    key: "name",
    head: "Name",
    cell: (row) => html`
      <span class="clip" title=${row.id}>
        ${row.name || "(none)"}
      </span>
    `,
    sort: (row) => row.name,
  },
  {
    key: "calls",
    head: "Calls",
    num: true,
    cell: (row) => html`<span title=${exactly(row.calls)}>${count(row.calls)}</span>`,
    sort: (row) => row.calls,
  },
  { key: "errors", head: "Failed", num: true, cell: (row) => percent(failed(row)), sort: failed },
  {
    key: "in",
    head: "Tokens in",
    num: true,
    cell: (row) => count(row.input + row.cache_read + row.cache_write + row.cache_write_1h),
    sort: (row) => row.input + row.cache_read,
  },
  { key: "out", head: "Tokens out", num: true, cell: (row) => count(row.output), sort: (row) => row.output },
  {
    key: "hit",
    head: "Cache hits",
    num: true,
    cell: (row) => percent(hitRatio(row)),
    sort: (row) => hitRatio(row) ?? -1,
  },
  {
    key: "first",
    head: "First token p50",
    num: true,
    cell: (row) => duration(row.first_token_ms_p50),
    sort: (row) => row.first_token_ms_p50,
  },
  {
    key: "p50",
    head: "p50",
    num: true,
    cell: (row) => duration(row.latency_ms_p50),
    sort: (row) => row.latency_ms_p50,
  },
  {
    key: "p95",
    head: "p95",
    num: true,
    cell: (row) => duration(row.latency_ms_p95),
    sort: (row) => row.latency_ms_p95,
  },
  {
    key: "cost",
    head: "Spend",
    num: true,
    cell: (row) =>
      Number(row.cost) === 0 && row.unpriced ? html`
        <${Pill} kind="warn">unpriced<//>
      ` : html`
        <span title=${`$${row.cost}`}>${money(row.cost)}</span>
      `,
    sort: (row) => Number(row.cost),
  },
];

function Totals({ data }) {
  const { total, previous } = data;
  const moved = (now, before) => {
    const by = change(now, before);
    return by === null ? "" : ` ${by >= 0 ? "+" : "−"}${percent(Math.abs(by))}`;
  };
  const facts = [
    ["Calls", count(total.calls), moved(total.calls, previous?.calls)],
    ["Failed", percent(failed(total)), ""],
    [
      "Tokens in",
      count(total.input + total.cache_read + total.cache_write + total.cache_write_1h),
      moved(total.input + total.cache_read, previous ? previous.input + previous.cache_read : 0),
    ],
    ["Tokens out", count(total.output), moved(total.output, previous?.output)],
    ["Cache-hit ratio", percent(hitRatio(total)), ""],
    ["Latency p50 / p95", `${duration(total.latency_ms_p50)} / ${duration(total.latency_ms_p95)}`, ""],
    ["Spend", money(total.cost), moved(Number(total.cost), Number(previous?.cost))],
  ];
  return html`
    <section class="card">
      <dl class="facts" style=${{ padding: "16px" }}>
        ${facts.map(([name, value, by]) => html`
          <div key=${name}>
            <dt>${name}</dt>
            <dd style=${{ fontSize: "16px", fontWeight: 600 }}>
              ${value}
              <span class="small muted" style=${{ fontWeight: 400 }} title="Against the period before">
                ${by}
              </span>
            </dd>
          </div>
        `)}
      </dl>
    </section>
  `;
}

function Charts({ data }) {
  const [shown, setShown] = useState("tokens");
  const { times, rows } = filled(data);
  const of = (pick) => rows.map((row) => (row ? pick(row) : 0));
  const kinds = {
    calls: {
      label: "Calls",
      format: count,
      stacked: false,
      series: [{ label: "Calls", values: of((row) => row.calls), fill: true }],
    },
    tokens: {
      label: "Tokens by class",
      format: count,
      stacked: true,
      series: TOKENS.map((one) => ({ label: one.label, values: of(one.of) })),
    },
    cost: {
      label: "Spend",
      format: money,
      stacked: false,
      series: [{ label: "Spend", values: of((row) => Number(row.cost)), fill: true, color: "--series-4" }],
    },
    latency: {
      label: "Latency",
      format: duration,
      stacked: false,
      series: [
        ["p50", "latency_ms_p50"],
        ["p95", "latency_ms_p95"],
        ["p99", "latency_ms_p99"],
      ].map(([label, name]) => ({ label, values: rows.map((row) => row?.[name] ?? null) })),
    },
    errors: {
      label: "Error rate",
      format: percent,
      stacked: false,
      series: [{ label: "Error rate", values: of(failed), fill: true, color: "--series-5" }],
    },
    cache: {
      label: "Cache-hit ratio",
      format: percent,
      stacked: false,
      series: [
        {
          label: "Cache-hit ratio",
          values: rows.map((row) => (row ? hitRatio(row) : null)),
          fill: true,
          color: "--series-2",
        },
      ],
    },
  };
  const chart = kinds[shown];
  return html`
    <section class="card">
      <header>
        <${Segments}
          label="Chart"
          value=${shown}
          onPick=${setShown}
          options=${[
            ["tokens", "Tokens"],
            ["calls", "Calls"],
            ["cost", "Spend"],
            ["latency", "Latency"],
            ["errors", "Errors"],
            ["cache", "Cache"],
          ]}
        />
        <${Legend} series=${chart.series} stacked=${chart.stacked} />
      </header>
      <div class="body">
        <${Chart}
          key=${shown}
          label=${chart.label}
          times=${times}
          series=${chart.series}
          format=${chart.format}
          stacked=${chart.stacked}
          height=${280}
        />
      </div>
    </section>
  `;
}

/** The table as a file; the sums are those on the screen. */
function save(data, format) {
  if (!data) return;
  const fields = [
    "id",
    "name",
    "calls",
    "ok",
    "error",
    "refused",
    "timeout",
    "client_closed",
    "unpriced",
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
    "reasoning",
    "cost",
    "latency_ms_p50",
    "latency_ms_p95",
  ];
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]|^[=+\-@]/.test(text) && Number.isNaN(Number(text))
      ? `"${(/^[=+\-@]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`
      : text;
  };
  const text =
    format === "json"
      ? JSON.stringify(data, null, 2)
      : [fields.join(","), ...data.items.map((row) => fields.map((name) => cell(row[name])).join(","))].join(
          "\r\n",
        );
  const link = document.createElement("a");
  link.href = URL.createObjectURL(
    new Blob([text], { type: format === "json" ? "application/json" : "text/csv" }),
  );
  link.download = `gophergate-usage.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
