/** The only user of the live socket. Reconnects by itself, resumes by number, says when it is not live. */
import { signal } from "./ui.js";

/** "off", "connecting", "live", "paused", or "lost" */
export const state = signal("off");
export const lostSince = signal(0);
/** The newest figures of the host and the process. */
export const host = signal(/** @type {any} */ (null));

const listeners = new Set();
let socket = /** @type {WebSocket|null} */ (null);
let seq = 0;
let wait = 500;
let timer = 0;
let wanted = 0;

/** Hear every message until the returned function is called. @param {(message: any) => void} hear */
export function listen(hear) {
  listeners.add(hear);
  wanted += 1;
  if (wanted === 1) open();
  return () => {
    listeners.delete(hear);
    wanted -= 1;
    // A page that is left for another keeps the connection for a moment.
    if (wanted === 0) setTimeout(() => wanted === 0 && close(), 1000);
  };
}

function open() {
  clearTimeout(timer);
  if (socket) return;
  state.value = lostSince.value ? "lost" : "connecting";
  const since = seq ? `?since=${seq}` : "";
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws${since}`);
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    seq = Math.max(seq, message.seq);
    if (message.type === "system") {
      if (state.value !== "live") {
        state.value = "live";
        lostSince.value = 0;
        wait = 500;
      }
      host.value = message.data;
    }
    for (const hear of listeners) hear(message);
  };
  socket.onclose = (event) => {
    socket = null;
    if (!wanted) {
      state.value = "off";
      return;
    }
    if (!lostSince.value) lostSince.value = Date.now();
    state.value = "lost";
    if (event.code === 4401) return;
    timer = window.setTimeout(open, wait + Math.random() * 250);
    wait = Math.min(wait * 2, 15000);
  };
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
  wait = 500;
  if (wanted && !socket) open();
});
