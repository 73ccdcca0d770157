/** The calls that are told over the socket: which run, what was said, and how many of each kind ended lately. */
import { signal } from "../../ui.js";
import { get } from "../../api.js";
import * as socket from "../../socket.js";
import { Tallies } from "./tally.js";

/**
 * A call as the page knows it; a new one each time something is learned of it. `began` and `ended` are milliseconds of
 * this page's clock, `size` the characters that were said.
 * @typedef {{id: string, status: string, began: number, ended?: number, parts: {kind: string, text: string, name?: string}[],
 *   size: number, operation?: string, model_requested?: string, model?: string, provider?: string, client_id?: string, prompt?: string,
 *   output_tokens?: number, first_token_ms?: number|null, latency_ms?: number, cost?: string|null, usage?: any,
 *   error_message?: string, finish_reason?: string}} LiveCall
 * What is drawn, as it was `at` that moment: the calls from the oldest on, the sums of the last minute, and whether so
 * much ends that single lines cannot be followed.
 * @typedef {{at: number, calls: Map<string, LiveCall>, sums: import("./tally.js").Sum[], isBusy: boolean}} View
 */

const MOST_ENDED = 200;
const MOST_RUNNING = 2000;
const MOST_WORDS = 60000;
const REDRAW = 100;
const RESYNC = 2000;
/** Above so many endings in five seconds lines would jump too fast to be read; below the other they stand still again. */
const BUSY = 25;
const CALM = 10;
const LATELY = 5;

/** What is drawn: renewed ten times a second at most, however much is told, and not at all while paused. */
export const view = signal(
  /** @type {View} */ ({ at: performance.now(), calls: new Map(), sums: [], isBusy: false }),
);
export const paused = signal(false);
/** Calls that began or ended while the page is paused. */
export const waitingCount = signal(0);
/** What could not be shown because more happened than the connection holds. */
export const skipped = signal(0);

/** @type {Map<string, LiveCall>} */
const calls = new Map();
const tallies = new Tallies();
let held = "";
let waiting = 0;
let isScheduled = false;
let asked = 0;
let asking = 0;

/** Follow the calls until the returned function is called. */
export function follow() {
  resync();
  const stop = socket.listen(take, ["calls", "deltas"]);
  const tick = setInterval(() => (view.value.calls.size || view.value.sums.length) && redraw(), 500);
  return () => {
    stop();
    clearInterval(tick);
    clearTimeout(asking);
    if (paused.value) toggle();
  };
}

/** Let what is drawn stand as it is, or show what has become of it. What comes is taken in all the same. */
export function toggle() {
  paused.value = !paused.value;
  socket.pause(paused.value);
  waiting = 0;
  redraw();
}

/** The call that is read: it is kept whatever else goes. @param {string} id */
export function hold(id) {
  held = id;
}

function take({ type, data }) {
  if (type === "call.started") start(data);
  else if (type === "call.delta") grow(data);
  else if (type === "call.finished") end(data);
  else if (type === "resync") {
    skipped.value += data.missed || 0;
    resync();
    return;
  } else return;
  if (type !== "call.delta") waiting += 1;
  redraw();
}

/** @returns {LiveCall} */
const known = (data) =>
  calls.get(data.id) || {
    id: data.id,
    began: performance.now() - (data.elapsed_ms || 0),
    parts: [],
    size: 0,
    status: "running",
  };

function start(data) {
  calls.set(data.id, { ...known(data), ...data, status: "running" });
}

function grow(data) {
  const { model, provider, output_tokens, first_token_ms } = data;
  const call = { ...known(data), model, provider, output_tokens, first_token_ms };
  for (const part of data.parts || []) say(call, part);
  calls.set(data.id, call);
}

function end(data) {
  const call = known(data);
  const ended = performance.now();
  const over = { ...call, ...data, prompt: call.prompt, ended };
  over.output_tokens = data.usage?.output ?? call.output_tokens ?? 0;
  calls.delete(data.id); // What ended last stands last.
  calls.set(data.id, over);
  tallies.add(over, ended);
}

function say(call, part) {
  call.size += part.text.length;
  if (call.size > MOST_WORDS) return;
  const last = call.parts[call.parts.length - 1];
  const goesOn = last && last.kind === part.kind && !part.name;
  call.parts = goesOn
    ? [...call.parts.slice(0, -1), { ...last, text: last.text + part.text }]
    : [...call.parts, { ...part }];
}

/** The oldest go, and with them those that run but for far too many. */
function trim() {
  let ended = 0;
  for (const call of calls.values()) ended += Number(call.ended !== undefined);
  let running = calls.size - ended;
  for (const [id, call] of calls) {
    if (ended <= MOST_ENDED && running <= MOST_RUNNING) return;
    if (id === held) continue;
    if (call.ended !== undefined && ended > MOST_ENDED) ended -= Number(calls.delete(id));
    else if (call.ended === undefined && running > MOST_RUNNING) running -= Number(calls.delete(id));
  }
}

function redraw() {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    trim();
    const at = performance.now();
    const sums = tallies.lately(at);
    if (paused.value) {
      waitingCount.value = waiting;
      return;
    }
    const recent = tallies.ended(at, LATELY);
    const isBusy = recent > (view.value.isBusy ? CALM : BUSY);
    view.value = { at, calls: new Map(calls), sums, isBusy };
  }, REDRAW);
}

/** Something was missed: what runs is asked for anew, at most every two seconds. */
function resync() {
  clearTimeout(asking);
  const wait = asked + RESYNC - performance.now();
  if (asked && wait > 0) {
    asking = window.setTimeout(resync, wait);
    return;
  }
  asked = performance.now();
  // Only what is known by now can be found to have ended: what begins meanwhile may not be in the answer.
  const before = [...calls.values()].filter((call) => call.ended === undefined).map((call) => call.id);
  get("/api/calls/running").then(
    (page) => {
      const running = new Set(page.items.map((one) => one.id));
      for (const id of before) if (!running.has(id) && calls.get(id)?.ended === undefined) calls.delete(id);
      for (const one of page.items) if (!calls.has(one.id)) start(one);
      redraw();
    },
    () => {}, // It is only a fresher look: the socket goes on telling.
  );
}
