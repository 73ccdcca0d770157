/** Numbers, money and times, as people read them. Every function takes what the API gives. */

// Made once: each of them costs far more to make than to use, and a table uses them for every row.
const exact = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });
const dollars = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined);

/** 1234567 -> "1.23 M", 22000000 -> "22 M" @param {number|null|undefined} value */
export const count = (value) => scaled(value, trim);
/** 22000000 -> "22.0 M": three figures, for what stands below each other. @param {number|null|undefined} value */
export const figures = (value) => scaled(value, three);

function scaled(value, shown) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size < 10000) return exact.format(value);
  for (const [unit, at] of /** @type {[string, number][]} */ ([
    ["k", 1e3],
    ["M", 1e6],
    ["G", 1e9],
    ["T", 1e12],
  ])) {
    if (size < at * 999.5) return `${shown(value / at)} ${unit}`;
  }
  return value.toExponential(2);
}
const three = (value) => value.toFixed(Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2);
const trim = (value) => String(Number(three(value)));
export const exactly = (value) => (value === null || value === undefined ? "" : exact.format(value));

/** US dollars as decimal text -> "$12.34", "$0.0042" @param {string|number|null|undefined} amount */
export function money(amount) {
  if (amount === null || amount === undefined) return "unpriced";
  const value = Number(amount);
  if (value === 0) return "$0.00";
  const size = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (size >= 1e6) return `${sign}$${count(size)}`;
  if (size >= 0.995) return `${sign}$${dollars.format(size)}`;
  if (size >= 0.01) return `${sign}$${size.toFixed(3).replace(/0$/, "")}`;
  const digits = Math.min(9, 1 - Math.floor(Math.log10(size)));
  return `${sign}$${size.toFixed(digits)}`;
}

/** Milliseconds -> "840 ms", "3.2 s", "2 m 05 s" */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, "0")} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export const percent = (share) =>
  share === null || share === undefined || Number.isNaN(share)
    ? "–"
    : `${(share * 100).toFixed(share && Math.abs(share) < 0.1 ? 1 : 0)} %`;

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  for (const [unit, at] of /** @type {[string, number][]} */ ([
    ["TB", 1e12],
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ]))
    if (value >= at) return `${trim(value / at)} ${unit}`;
  return `${value} B`;
}

/** "4 min ago", "in 3 d" */
export function ago(time, now = Date.now()) {
  if (!time) return "never";
  const s = (now - new Date(time).getTime()) / 1000;
  const size = Math.abs(s);
  const text =
    size < 5
      ? "now"
      : size < 60
        ? `${Math.round(size)} s`
        : size < 3600
          ? `${Math.round(size / 60)} min`
          : size < 86400
            ? `${Math.round(size / 3600)} h`
            : size < 30 * 86400
              ? `${Math.round(size / 86400)} d`
              : day.format(new Date(time));
  if (text === "now" || size >= 30 * 86400) return text;
  return s >= 0 ? `${text} ago` : `in ${text}`;
}

/** The exact time in the viewer's zone. */
export const exactTime = (time) => (time ? moment.format(new Date(time)) : "");

/** The time on the clocks of a zone, to the minute. @param {number} time @param {string} timeZone */
export const timeIn = (time, timeZone) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone }).format(time);

/** 01a2b3c4d5 -> "…3c4d5" */
export const shortId = (id) => (id && id.length > 12 ? `…${id.slice(-7)}` : id || "");

/** The change from one figure to another as a share; null when there is nothing to compare with. */
export const change = (now, before) => (before ? (now - before) / before : null);

/** A reason that may be an error's code, in words: "upstream_unreachable" -> "upstream unreachable". @param {string} reason */
export const inWords = (reason) => (/^[a-z_]+$/.test(reason) ? reason.replaceAll("_", " ") : reason);

/** A change as people say it: "+12 %", "−3.0 %", and from ten times on "× 24". @param {number} share */
export const movement = (share) =>
  share >= 9 ? `× ${count(Math.round(share + 1))}` : `${share >= 0 ? "+" : "−"}${percent(Math.abs(share))}`;

/** 1 call, 2 calls @param {number} size @param {string} one */
export const plural = (size, one, many = `${one}s`) => `${count(size)} ${size === 1 ? one : many}`;
