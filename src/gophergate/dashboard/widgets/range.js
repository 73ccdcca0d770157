/** The time range, and what to compare it with. It stands in the address. */
import { html } from "../ui.js";
import { route, setQuery } from "../router.js";

export const RANGES = [
  ["1h", "Hour"],
  ["24h", "Day"],
  ["7d", "Week"],
  ["30d", "Month"],
  ["90d", "Quarter"],
];
const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720, "90d": 2160 };

/**
 * The range in force: `since`, `until` (ISO), `hours`, the step that suits it, and where the period `before` it begins.
 */
export function range(fallback = "24h") {
  const name = HOURS[route.value.query.range] ? route.value.query.range : fallback;
  const hours = HOURS[name];
  // To the minute: what is the same range is the same request.
  const until = Math.ceil(Date.now() / 60000) * 60000;
  const before = (periods) => new Date(until - periods * hours * 3600000).toISOString();
  return {
    name,
    hours,
    step: hours <= 72 ? "hour" : "day",
    since: before(1),
    before: before(2),
    until: new Date(until).toISOString(),
  };
}

export function RangePicker({ fallback = "24h" }) {
  const now = range(fallback).name;
  return html`
    <select
      class="input slim"
      aria-label="Time range"
      value=${now}
      onChange=${(event) => setQuery({ range: event.target.value === fallback ? "" : event.target.value })}
    >
      ${RANGES.map(([key, word]) => html`
        <option key=${key} value=${key} selected=${key === now}>
          Last ${word.toLowerCase()}
        </option>
      `)}
    </select>
  `;
}

/** Sums by hour or day, with the empty ones in between. @returns {{times: number[], rows: any[]}} */
export function filled(answer) {
  const step = answer.by === "day" ? 86400 : 3600;
  const found = new Map(answer.items.map((row) => [Math.floor(new Date(row.at).getTime() / 1000), row]));
  const times = [];
  const rows = [];
  const first = Math.floor(new Date(answer.since).getTime() / 1000 / step) * step;
  const end = new Date(answer.until).getTime() / 1000;
  for (let at = first; at < end; at += step) {
    times.push(at);
    rows.push(found.get(at) || null);
  }
  return { times, rows };
}

/** Who a sum is of. What never reached a provider has no model and no provider. @param {any} row @param {string} by */
export function nameOf(row, by) {
  if (row.name) return row.name;
  return by === "model" || by === "provider" ? "refused before any" : `no ${by}`;
}
