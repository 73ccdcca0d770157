/** The only user of the live socket. Reconnects by itself, resumes by number, says when it is not live. */
import { signal } from "./ui.js";

/** "off", "connecting", "live", "paused", or "lost" */
export const state = signal("off");
export const lostSince = signal(0);
/** The newest figures of the host and the process. */
export const host = signal(/** @type {any} */ (null));

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const SIGNED_OUT = 4401;
/** What the shell needs on every page; calls are told only where somebody looks at them. */
const ALWAYS = ["system", "events"];

/** @type {Map<(message: any) => void, string[]>} */
const listeners = new Map();
let socket = /** @type {WebSocket|null} */ (null);
let told = "";
let seq = 0;
let wait = FIRST_WAIT;
let timer = 0;

/**
 * Hear every message of some topics until the returned function is called.
 * @param {(message: any) => void} hear @param {string[]} [topics] besides the system's and events: "calls", "deltas"
 */
export function listen(hear, topics = []) {
  listeners.set(hear, topics);
  if (socket) ask();
  else open();
  return () => {
    listeners.delete(hear);
    // A page that is left for another keeps the connection, and its topics, for a moment.
    setTimeout(() => (listeners.size ? ask() : close()), 1000);
  };
}

/** Show that the page holds what comes. @param {boolean} isPaused */
export function pause(isPaused) {
  if (isPaused && state.value === "live") state.value = "paused";
  if (!isPaused && state.value === "paused") state.value = "live";
}

const topics = () => [...new Set([...ALWAYS, ...[...listeners.values()].flat()])].sort().join(",");

/** Tell the server what is watched now. */
function ask() {
  if (socket?.readyState !== WebSocket.OPEN || told === topics()) return;
  told = topics();
  socket.send(JSON.stringify({ type: "filter", data: { topics: told } }));
}

function open() {
  clearTimeout(timer);
  if (socket) return;
  state.value = lostSince.value ? "lost" : "connecting";
  told = topics();
  const query = new URLSearchParams({ topics: told, ...(seq ? { since: String(seq) } : {}) });
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws?${query}`);
  socket.onopen = ask;
  socket.onmessage = (event) => heard(JSON.parse(event.data));
  socket.onclose = (event) => closed(event.code);
}

function heard(message) {
  seq = Math.max(seq, message.seq);
  if (message.type === "system") {
    if (state.value !== "live" && state.value !== "paused") {
      state.value = "live";
      lostSince.value = 0;
      wait = FIRST_WAIT;
    }
    if (message.data.host) host.value = message.data;
  }
  for (const hear of listeners.keys()) hear(message);
}

function closed(code) {
  socket = null;
  if (!listeners.size) {
    state.value = "off";
    return;
  }
  if (!lostSince.value) lostSince.value = Date.now();
  state.value = "lost";
  if (code === SIGNED_OUT) return;
  timer = window.setTimeout(open, wait + Math.random() * 250);
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function close() {
  clearTimeout(timer);
  const old = socket;
  socket = null;
  if (old) {
    old.onclose = null;
    old.close();
  }
  state.value = "off";
}

addEventListener("online", () => {
  wait = FIRST_WAIT;
  if (listeners.size && !socket) open();
});
