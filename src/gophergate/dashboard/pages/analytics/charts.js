/** One chart at a time, of what one wants to know; the period before may lie over it. */
import { html } from "../../ui.js";
import { route, setQuery } from "../../router.js";
import { count, duration, money, percent } from "../../format.js";
import { Segments } from "../../widgets/basics.js";
import { Chart, Legend } from "../../widgets/chart.js";
import { filled } from "../../widgets/range.js";
import { failed, hitRatio, tokensIn } from "../../widgets/ratios.js";

/**
 * What a chart shows. `of` reads one series out of a sum; null leaves a gap. `before` is what the period before is drawn by.
 * @typedef {{word: string, label: string, format: (value: any) => string, bars: boolean, before: (row: any) => number|null,
 *   series: {label: string, of: (row: any) => number|null, color?: string, fill?: boolean}[]}} Kind
 */

/** @type {Record<string, Kind>} */
const KINDS = {
  tokens: {
    word: "Tokens",
    label: "Tokens by class",
    format: count,
    bars: true,
    before: (row) => tokensIn(row) + row.output,
    series: [
      { label: "Input", of: (row) => row.input },
      { label: "Cache read", of: (row) => row.cache_read },
      { label: "Cache write", of: (row) => row.cache_write + row.cache_write_1h },
      { label: "Output", of: (row) => row.output },
    ],
  },
  calls: {
    word: "Calls",
    label: "Calls",
    format: count,
    bars: true,
    before: (row) => row.calls,
    series: [{ label: "Calls", of: (row) => row.calls }],
  },
  cost: {
    word: "Spend",
    label: "Spend",
    format: money,
    bars: true,
    before: (row) => Number(row.cost),
    series: [{ label: "Spend", of: (row) => Number(row.cost), color: "--series-4" }],
  },
  latency: {
    word: "Latency",
    label: "Latency",
    format: duration,
    bars: false,
    before: (row) => row.latency_ms_p50,
    series: [
      { label: "p50", of: (row) => row.latency_ms_p50 },
      { label: "p95", of: (row) => row.latency_ms_p95 },
      { label: "p99", of: (row) => row.latency_ms_p99 },
    ],
  },
  first: {
    word: "First token",
    label: "Time to first token",
    format: duration,
    bars: false,
    before: (row) => row.first_token_ms_p50,
    series: [
      { label: "p50", of: (row) => row.first_token_ms_p50 },
      { label: "p95", of: (row) => row.first_token_ms_p95 },
    ],
  },
  errors: {
    word: "Errors",
    label: "Error rate",
    format: percent,
    bars: false,
    before: failed,
    series: [{ label: "Error rate", of: failed, fill: true, color: "--series-5" }],
  },
  cache: {
    word: "Cache",
    label: "Cache-hit ratio",
    format: percent,
    bars: false,
    before: hitRatio,
    series: [{ label: "Cache-hit ratio", of: hitRatio, fill: true, color: "--series-2" }],
  },
};

/** @param {{data: any, before: any}} props `before` is the answer for the period before, or null */
export function Charts({ data, before }) {
  const shown = KINDS[route.value.query.chart] ? route.value.query.chart : "tokens";
  const kind = KINDS[shown];
  const { times, rows } = filled(data);
  const none = kind.bars ? 0 : null;
  /** @type {import("../../widgets/chart.js").Series[]} */
  const series = kind.series.map(({ of, ...one }) => ({
    ...one,
    values: rows.map((row) => (row ? of(row) : none)),
  }));
  if (before) {
    const earlier = filled(before).rows;
    series.push({
      label: "Period before",
      before: true,
      values: times.map((_, n) => (earlier[n] ? kind.before(earlier[n]) : none)),
    });
  }
  return html`
    <section class="card">
      <header>
        <${Segments}
          label="Chart"
          value=${shown}
          onPick=${(value) => setQuery({ chart: value === "tokens" ? "" : value })}
          options=${Object.entries(KINDS).map(([key, { word }]) => [key, word])}
        />
        <${Legend} series=${series} bars=${kind.bars} />
      </header>
      <div class="body">
        <${Chart}
          key=${shown}
          label=${kind.label}
          times=${times}
          series=${series}
          format=${kind.format}
          bars=${kind.bars}
          height=${280}
        />
      </div>
    </section>
  `;
}
