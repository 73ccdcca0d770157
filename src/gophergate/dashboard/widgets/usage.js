/** Sums of calls as a table: whose, and which of their figures. The same figure looks the same on every page. */
import { html } from "../ui.js";
import { count, duration, figures, money, percent } from "../format.js";
import { href } from "../router.js";
import { Bar, Count, Pill } from "./basics.js";
import { nameOf } from "./range.js";
import { failed, hitRatio, tokensIn } from "./ratios.js";
import { Table } from "./table.js";

/** The filter of calls that shows what was summed. @type {Record<string, string>} */
const FILTERS = {
  provider: "provider",
  model: "model",
  client: "client_id",
  key: "key_id",
  team: "team_id",
  status: "status",
};

const figure = (key, head, pick, more = {}) => ({
  key,
  head,
  num: true,
  cell: (row) => html`<${Count} value=${pick(row)} of=${figures} />`,
  sort: pick,
  ...more,
});
const share = (key, head, pick, more = {}) =>
  figure(key, head, (row) => pick(row) ?? -1, { cell: (row) => percent(pick(row)), ...more });
const time = (key, head, member) =>
  figure(key, head, (row) => row[member], { cell: (row) => duration(row[member]), phone: false });

/** @type {Record<string, import("./table.js").Column>} */
const FIGURES = {
  calls: figure("calls", "Calls", (row) => row.calls),
  failed: share("failed", "Failed", failed, { phone: false }),
  in: figure("in", "Tokens in", tokensIn, { phone: false }),
  out: figure("out", "Tokens out", (row) => row.output, { phone: false }),
  hits: share("hits", "Cache hits", hitRatio, { phone: false }),
  first: time("first", "First token p50", "first_token_ms_p50"),
  p50: time("p50", "p50", "latency_ms_p50"),
  p95: time("p95", "p95", "latency_ms_p95"),
  cost: figure("cost", "Spend", (row) => Number(row.cost), { cell: (row) => html`<${Cost} row=${row} />` }),
};

/** What it cost; calls without a price cost what nobody knows, which is not nothing. */
const Cost = ({ row }) =>
  Number(row.cost) === 0 && row.unpriced ? html`
    <${Pill} kind="warn">unpriced<//>
  ` : html`
    <span title=${`$${row.cost}${row.unpriced ? ` and ${count(row.unpriced)} unpriced` : ""}`}>
      ${money(row.cost)}
    </span>
  `;

const whose = (by, where) => ({
  key: "name",
  head: "Name",
  cell: (row) =>
    row.id && FILTERS[by] ? html`
      <a class="clip" title=${row.id} href=${href("calls", "", { ...where, [FILTERS[by]]: row.id })}>
        ${nameOf(row, by)}
      </a>
    ` : html`
      <span class=${row.id ? "clip" : "clip muted"}>${nameOf(row, by)}</span>
    `,
  sort: (row) => row.name,
  total: "Total",
});

const part = (by, whole) => ({
  key: "share",
  head: "Share",
  phone: false,
  cell: (row) => html`
    <div class="share">
      <${Bar}
        share=${Number(row.cost) / whole}
        label=${`${nameOf(row, by)}: ${percent(Number(row.cost) / whole)}`}
      />
    </div>
  `,
});

/**
 * @param {{label: string, by: string, rows: any[], show: string[], where: Record<string, any>, total?: any, sort?: string,
 *   most?: number, whole?: number}} props `where`: what was summed, as filters of calls; with `most` only so many are shown,
 *   those that cost most; `whole`: what costs are shares of
 */
export function UsageTable({ label, by, rows, show, where, total = null, sort = "", most = 0, whole = 0 }) {
  const shown = most ? [...rows].sort((a, b) => Number(b.cost) - Number(a.cost)).slice(0, most) : rows;
  const columns = [whose(by, where), ...show.map((name) => FIGURES[name]), ...(whole ? [part(by, whole)] : [])];
  return html`
    <${Table} label=${label} rows=${shown} rowKey=${(row) => row.id} columns=${columns} sort=${sort} total=${total} />
    ${shown.length < rows.length && html`
      <p class="rest small">
        <a href=${href("analytics", "", { ...where, by })}>All ${count(rows.length)}</a>
      </p>
    `}
  `;
}
