/** Calls as lines. Few stand each by itself, newest first; many are merged, and their lines keep their places. */
import { keyOf } from "./feed.js";

/**
 * A merged line counts what ended within the last minute, or with `status` "running" what runs.
 * @typedef {import("./feed.js").LiveCall} LiveCall
 * @typedef {{key: string, call: LiveCall}} Single
 * @typedef {{key: string, client: string, model: string, status: string, count: number, tokens: number, ms: number,
 *   newest: string}} Merged
 * @typedef {Single|Merged} Line
 */

const SHOWN = 100;
/** So many that run can be followed one by one. */
const FOLLOWED = 30;

/**
 * @param {LiveCall[]} calls those that pass the filter, oldest first
 * @param {import("./feed.js").Ending[]} endings
 * @param {{isBusy: boolean, passes: (key: {client_id: string, model_requested: string, status: string}) => boolean}} how
 * @returns {Line[]}
 */
export function lines(calls, endings, { isBusy, passes }) {
  const newest = [...calls].reverse();
  const running = newest.filter((call) => call.status === "running");
  if (!isBusy)
    return [...running, ...newest.filter((call) => call.status !== "running")].slice(0, SHOWN).map(single);
  const now = performance.now();
  const active =
    running.length > FOLLOWED
      ? merged(
          running.map((call) => ({
            key: keyOf(call),
            ms: now - call.began,
            tokens: call.output_tokens || 0,
            id: call.id,
          })),
        )
      : running.map(single);
  const done = merged(endings).filter((line) =>
    passes({ client_id: line.client, model_requested: line.model, status: line.status }),
  );
  return [...active, ...done];
}

const single = (call) => ({ key: call.id, call });

/** @returns {Merged[]} by client, model and outcome; sorted by their names, so that a line stays where it is */
function merged(several) {
  /** @type {Map<string, Merged>} */
  const found = new Map();
  for (const { key, ms, tokens, id } of several) {
    let line = found.get(key);
    if (!line) {
      const [client, model, status] = JSON.parse(key);
      line = { key, client, model, status, count: 0, tokens: 0, ms: 0, newest: id };
      found.set(key, line);
    }
    line.count += 1;
    line.tokens += tokens;
    line.ms += ms;
    line.newest = id;
  }
  for (const line of found.values()) line.ms /= line.count;
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
