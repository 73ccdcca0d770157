/** What was used, by time and by whom; beside it the period before. */
import { html, useData } from "../ui.js";
import { get, names as namesOf } from "../api.js";
import { route, setQuery } from "../router.js";
import { change, count, duration, money, movement, percent } from "../format.js";
import { Loaded, Empty } from "../widgets/states.js";
import { Button, Segments } from "../widgets/basics.js";
import { range, RangePicker } from "../widgets/range.js";
import { failed, hitRatio, tokensIn } from "../widgets/ratios.js";
import { UsageTable } from "../widgets/usage.js";
import { Charts } from "./analytics/charts.js";
import { save } from "./analytics/file.js";

export const Tools = () => html`<${RangePicker} fallback="7d" />`;

/** @type {[string, string][]} */
const BY = [
  ["model", "Model"],
  ["provider", "Provider"],
  ["client", "Client"],
  ["key", "Key"],
  ["team", "Team"],
  ["organisation", "Organisation"],
  ["status", "Outcome"],
];

const FIGURES = ["calls", "failed", "in", "out", "hits", "first", "p50", "p95", "cost"];

export default function Analytics() {
  const { query } = route.value;
  const when = range("7d");
  const by = query.by || "model";
  const where = {
    client_id: query.client_id,
    team_id: query.team_id,
    provider: query.provider,
    model: query.model,
    status: query.status,
  };
  const key = JSON.stringify([when.name, where]);
  const params = { since: when.since, until: when.until, ...where };
  const isCompared = query.compare === "yes";
  const series = useData(() => get("/api/usage", { ...params, by: when.step, compare: true }), [key]);
  const before = useData(
    () =>
      isCompared
        ? get("/api/usage", { ...where, since: when.before, until: when.since, by: when.step })
        : Promise.resolve(null),
    [key, isCompared],
  );
  const groups = useData(() => get("/api/usage", { ...params, by }), [key, by]);
  return html`
    <div class="stack">
      <${Filters} query=${query} />
      <${Loaded} from=${series} rows=${6}>
        ${(data) => html`
          <${Totals} data=${data} />
          <${Charts} data=${data} before=${before.stale ? null : before.data} />
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
              <${UsageTable}
                label="Usage"
                by=${by}
                rows=${data.items}
                show=${FIGURES}
                where=${{ ...where, range: when.name }}
                sort="-calls"
                total=${data.total}
              />
            ` : html`
              <${Empty} title="No calls in this range">Choose a longer one above, or fewer filters.<//>
            `
          }
        <//>
      </section>
    </div>
  `;
}

function Filters({ query }) {
  const clients = useData(() => namesOf("clients"), []).data || {};
  const teams = useData(() => namesOf("teams"), []).data || {};
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
  const same = (name) => [name, name];
  const isFiltered = ["client_id", "team_id", "provider", "model", "status"].some((name) => query[name]);
  return html`
    <div class="filters">
      ${pick("client_id", "Every client", Object.entries(clients))}
      ${pick("team_id", "Every team", Object.entries(teams))}
      ${pick("provider", "Every provider", Object.keys(providers).map(same))}
      <input
        class="input slim"
        data-search
        type="search"
        placeholder="Model  ( / )"
        aria-label="Only this model"
        value=${query.model || ""}
        onChange=${(event) => setQuery({ model: event.target.value.trim() })}
      />
      ${isFiltered && html`
        <${Button}
          kind="quiet"
          onClick=${() => setQuery({ client_id: "", team_id: "", provider: "", model: "", status: "" })}
        >
          Clear
        <//>
      `}
      <label class="check end">
        <input
          type="checkbox"
          checked=${query.compare === "yes"}
          onChange=${(event) => setQuery({ compare: event.target.checked ? "yes" : "" })}
        />${" "}
        Compare with the period before
      </label>
    </div>
  `;
}

function Totals({ data: { total, previous } }) {
  /** @type {[string, string, number|null][]} */
  const facts = [
    ["Calls", count(total.calls), change(total.calls, previous?.calls)],
    ["Failed", percent(failed(total)), null],
    ["Tokens in", count(tokensIn(total)), previous ? change(tokensIn(total), tokensIn(previous)) : null],
    ["Tokens out", count(total.output), change(total.output, previous?.output)],
    ["Cache-hit ratio", percent(hitRatio(total)), null],
    ["Latency p50 / p95", `${duration(total.latency_ms_p50)} / ${duration(total.latency_ms_p95)}`, null],
    ["Spend", money(total.cost), change(Number(total.cost), Number(previous?.cost))],
  ];
  return html`
    <section class="card">
      <dl class="facts totals">
        ${facts.map(([name, value, moved]) => html`
          <div key=${name}>
            <dt>${name}</dt>
            <dd>
              ${value}
              ${moved !== null && html`
                <span class="small muted" title="Against the period before">
                  ${movement(moved)}
                </span>
              `}
            </dd>
          </div>
        `)}
      </dl>
    </section>
  `;
}
