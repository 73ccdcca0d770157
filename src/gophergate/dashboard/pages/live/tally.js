/** What ended within the last minute, counted by the second: as much to keep for a thousand calls as for one. */

/**
 * @typedef {{at: number, ended: number, failed: number, tokens: number, ms: number, newest: string}} Second
 * @typedef {{key: string, client: string, model: string, seconds: Second[]}} Tally
 */

const SPAN = 60;
/** What a call is counted under. @param {{client_id?: string, model_requested?: string}} call */
export const keyOf = (call) => JSON.stringify([call.client_id || "", call.model_requested || ""]);
export const isFailed = (status) => !["ok", "running", "client_closed"].includes(status);
const second = (ms) => Math.floor(ms / 1000);

export class Tallies {
  constructor() {
    /** @type {Map<string, Tally>} */
    this.all = new Map();
  }

  /** A call has ended, at `now` milliseconds. @param {import("./feed.js").LiveCall} call @param {number} now */
  add(call, now) {
    const key = keyOf(call);
    let tally = this.all.get(key);
    if (!tally) {
      tally = { key, client: call.client_id || "", model: call.model_requested || "", seconds: [] };
      this.all.set(key, tally);
    }
    let last = tally.seconds[tally.seconds.length - 1];
    if (last?.at !== second(now)) {
      last = { at: second(now), ended: 0, failed: 0, tokens: 0, ms: 0, newest: "" };
      tally.seconds.push(last);
    }
    last.ended += 1;
    last.failed += Number(isFailed(call.status));
    last.tokens += call.output_tokens || 0;
    last.ms += call.latency_ms || 0;
    last.newest = call.id;
  }

  /** The sums of the last minute; what is older is forgotten. @param {number} now */
  lately(now) {
    const from = second(now) - SPAN;
    const found = [];
    for (const [key, tally] of this.all) {
      while (tally.seconds.length && tally.seconds[0].at <= from) tally.seconds.shift();
      if (!tally.seconds.length) this.all.delete(key);
      else found.push(summed(tally));
    }
    return found;
  }

  /** How many ended within the last few seconds. @param {number} now @param {number} seconds */
  ended(now, seconds) {
    const from = second(now) - seconds;
    let sum = 0;
    for (const tally of this.all.values())
      for (let n = tally.seconds.length - 1; n >= 0 && tally.seconds[n].at > from; n--)
        sum += tally.seconds[n].ended;
    return sum;
  }
}

/** @typedef {ReturnType<typeof summed>} Sum @param {Tally} tally */
function summed({ key, client, model, seconds }) {
  const sum = { key, client, model, ended: 0, failed: 0, tokens: 0, ms: 0, newest: "" };
  for (const one of seconds) {
    sum.ended += one.ended;
    sum.failed += one.failed;
    sum.tokens += one.tokens;
    sum.ms += one.ms;
    sum.newest = one.newest;
  }
  return sum;
}
