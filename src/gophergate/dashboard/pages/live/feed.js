/** The calls that are told over the socket: which run, what was said, and how many of each kind ended lately. */
import { signal } from "../../ui.js";
import { get } from "../../api.js";
import * as socket from "../../socket.js";

/**
 * A call as the page knows it. `began` and `ended` are milliseconds of this page's clock.
 * @typedef {{id: string, status: string, began: number, ended?: number, parts: {kind: string, text: string, name?: string}[],
 *   size?: number, model_requested?: string, model?: string, provider?: string, client_id?: string, prompt?: string,
 *   output_tokens?: number, first_token_ms?: number|null, latency_ms?: number, cost?: string|null, usage?: any,
 *   error_message?: string, finish_reason?: string}} LiveCall
 * @typedef {{key: string, at: number, ms: number, tokens: number, id: string}} Ending
 */

const MOST = 200;
const MOST_WORDS = 60000;
const HELD = 2000;
const REDRAW = 100;
const MINUTE = 60000;
/** Above so many endings in five seconds rows would jump too fast to be read; below the other they stand still again. */
const BUSY = 25;
const CALM = 10;

/** @type {Map<string, LiveCall>} */
export const calls = new Map();
/** Grows when something is to be drawn: ten times a second at most, however much is told. */
export const drawn = signal(0);
export const paused = signal(false);
/** Messages that wait while the page is paused. */
export const waitingCount = signal(0);
/** What could not be shown because more happened than the connection holds. */
export const skipped = signal(0);
/** Whether so much ends that single rows cannot be followed. */
export const isBusy = signal(false);

/** @type {Ending[]} */
let endings = [];
/** @type {any[]} */
let held = [];
let isScheduled = false;
let resyncing = 0;

/** What ended within the last minute. */
export const lately = () => endings;

/** Follow the calls until the returned function is called. */
export function follow() {
  resync();
  const stop = socket.listen(hear, ["calls", "deltas"]);
  const tick = setInterval(() => {
    if (!paused.value && (endings.length || [...calls.values()].some((call) => call.status === "running")))
      redraw();
  }, 500);
  return () => {
    stop();
    clearInterval(tick);
    if (paused.value) toggle();
  };
}

/** Hold what comes, or show what was held. */
export function toggle() {
  paused.value = !paused.value;
  socket.pause(paused.value);
  if (paused.value) return;
  for (const message of held) take(message);
  held = [];
  waitingCount.value = 0;
}

function hear(message) {
  if (!paused.value) {
    take(message);
    return;
  }
  if (!message.type.startsWith("call.") && message.type !== "resync") return;
  held.push(message);
  if (held.length > HELD) {
    held.shift();
    skipped.value += 1;
  }
  waitingCount.value = held.length;
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
  trim();
  redraw();
}

/** @returns {LiveCall} */
const known = (data) =>
  calls.get(data.id) || {
    id: data.id,
    began: performance.now() - (data.elapsed_ms || 0),
    parts: [],
    status: "running",
  };

function start(data) {
  calls.set(data.id, { ...known(data), ...data, status: "running" });
}

function grow(data) {
  const call = known(data);
  const { model, provider, output_tokens, first_token_ms } = data;
  Object.assign(call, { model, provider, output_tokens, first_token_ms });
  for (const part of data.parts || []) say(call, part);
  calls.set(data.id, call);
}

function end(data) {
  const call = known(data);
  const tokens = data.usage?.output ?? call.output_tokens ?? 0;
  const ended = performance.now();
  calls.set(data.id, { ...call, ...data, prompt: call.prompt, output_tokens: tokens, ended });
  endings.push({ key: keyOf(data), at: ended, ms: data.latency_ms, tokens, id: data.id });
}

/** What calls are merged by when there are too many to follow. @param {Partial<LiveCall>} call */
export const keyOf = (call) =>
  JSON.stringify([call.client_id || "", call.model_requested || "", call.status || ""]);

function say(call, part) {
  call.size = (call.size || 0) + part.text.length;
  if (call.size > MOST_WORDS) return;
  const last = call.parts[call.parts.length - 1];
  if (last && last.kind === part.kind && !part.name) last.text += part.text;
  else call.parts.push({ ...part });
}

/** The oldest go; those that run last. */
function trim() {
  for (const [id, call] of calls) {
    if (calls.size <= MOST) return;
    if (call.status !== "running") calls.delete(id);
  }
  for (const id of calls.keys()) {
    if (calls.size <= MOST * 2) return;
    calls.delete(id);
  }
}

function redraw() {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    const now = performance.now();
    const from = endings.findIndex((one) => one.at > now - MINUTE);
    endings = from < 0 ? [] : endings.slice(from);
    const recent = endings.reduce((sum, one) => sum + Number(one.at > now - 5000), 0);
    isBusy.value = recent > (isBusy.value ? CALM : BUSY);
    drawn.value += 1;
  }, REDRAW);
}

/** Something was missed: what runs is asked for anew, at most every two seconds. */
function resync() {
  if (Date.now() - resyncing < 2000) return;
  resyncing = Date.now();
  get("/api/calls/running").then(
    (page) => {
      const running = new Set(page.items.map((one) => one.id));
      for (const [id, call] of calls) if (call.status === "running" && !running.has(id)) calls.delete(id);
      for (const one of page.items) if (!calls.has(one.id)) start(one);
      redraw();
    },
    () => {}, // It is only a fresher look: the socket goes on telling.
  );
}
