/** The table as a file: the sums are those on the screen. */

const FIELDS = [
  "id",
  "name",
  "calls",
  "ok",
  "error",
  "refused",
  "timeout",
  "client_closed",
  "unpriced",
  "estimated",
  "input",
  "cache_read",
  "cache_write",
  "cache_write_1h",
  "output",
  "reasoning",
  "cost",
  "first_token_ms_p50",
  "latency_ms_p50",
  "latency_ms_p95",
  "latency_ms_p99",
];
const FORMULA = /^[=+\-@\t]/;

/** @param {any} data the answer of /api/usage @param {"csv"|"json"} format */
export function save(data, format) {
  if (!data) return;
  const text = format === "json" ? JSON.stringify(data, null, 2) : csv(data.items);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(
    new Blob([text], { type: format === "json" ? "application/json" : "text/csv" }),
  );
  link.download = `gophergate-usage-by-${data.by}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {any[]} rows */
const csv = (rows) =>
  [FIELDS, ...rows.map((row) => FIELDS.map((name) => cell(row[name])))]
    .map((line) => line.join(","))
    .join("\r\n");

/** A name may not become a formula in whatever opens the file. */
function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  if (!Number.isNaN(Number(text))) return text;
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
