/** Calls as lines. Few stand each by itself, newest first; many are merged, and their lines keep their places. */
import { isFailed, keyOf } from "./tally.js";

/**
 * A merged line counts what runs, and what ended within the last minute.
 * @typedef {import("./feed.js").LiveCall} LiveCall
 * @typedef {{key: string, call: LiveCall}} Single
 * @typedef {{key: string, client: string, model: string, running: number, ended: number, failed: number, tokens: number,
 *   ms: number, newest: string}} Merged
 * @typedef {Single|Merged} Line
 * @typedef {"all"|"running"|"failed"} Show
 */

const SHOWN = 100;

/** Which merged lines are shown. @type {Record<Show, (line: Merged) => boolean>} */
const MERGED = {
  all: () => true,
  running: (line) => line.running > 0,
  failed: (line) => line.failed > 0,
};
/** Which calls are. @type {Record<Show, (call: LiveCall) => boolean>} */
const SINGLE = {
  all: () => true,
  running: (call) => call.ended === undefined,
  failed: (call) => isFailed(call.status),
};

/**
 * What is to be seen, and how many lines more there would be.
 * @param {import("./feed.js").View} view @param {Show} show @param {string} text @param {Record<string, string>} names
 * @returns {{lines: Line[], more: number, running: number}}
 */
export function linesOf({ calls, sums, isBusy }, show, text, names) {
  const wanted = text.toLowerCase();
  const has = (...said) => !wanted || said.join(" ").toLowerCase().includes(wanted);
  const fits = (/** @type {LiveCall} */ call) =>
    has(call.model_requested, `${call.provider}/${call.model}`, names[call.client_id || ""], call.prompt);
  const found = [...calls.values()].filter(fits).reverse();
  const running = found.filter(SINGLE.running);
  const many = isBusy
    ? merged(sums, calls).filter((line) => MERGED[show](line) && has(line.model, names[line.client]))
    : [];
  // What is looked for may stand in what was asked: then it is in no merged line, but in calls.
  if (isBusy && (many.length || !wanted)) return { ...cut(many, inPlace), running: running.length };
  const single = [...running, ...found.filter((call) => call.ended !== undefined)]
    .filter(SINGLE[show])
    .map((call) => ({ key: call.id, call }));
  return { ...cut(single), running: running.length };
}

/** @template {Line} T @param {T[]} lines @param {(lines: T[]) => T[]} [arranged] */
function cut(lines, arranged = (all) => all) {
  return { lines: arranged(lines.slice(0, SHOWN)), more: Math.max(0, lines.length - SHOWN) };
}

/** By client and model: a line stays where it is, whatever is counted in it. @param {Merged[]} lines */
const inPlace = (lines) => lines.sort((a, b) => (a.key < b.key ? -1 : 1));

/**
 * Those with the most calls first.
 * @param {import("./tally.js").Sum[]} sums @param {Map<string, LiveCall>} calls @returns {Merged[]}
 */
function merged(sums, calls) {
  /** @type {Map<string, Merged>} */
  const found = new Map(sums.map((sum) => [sum.key, { ...sum, ms: sum.ms / sum.ended, running: 0 }]));
  for (const call of calls.values()) {
    if (call.ended !== undefined) continue;
    const key = keyOf(call);
    let line = found.get(key);
    if (!line) {
      const [client, model] = [call.client_id || "", call.model_requested || ""];
      line = { key, client, model, running: 0, ended: 0, failed: 0, tokens: 0, ms: 0, newest: "" };
      found.set(key, line);
    }
    line.running += 1;
    line.tokens += call.output_tokens || 0;
    line.newest = call.id;
  }
  return [...found.values()].sort((a, b) => b.running + b.ended - a.running - a.ended);
}
