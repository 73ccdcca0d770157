/** One question to one model, through the same door and with the same key as any client. */
import { get } from "../../api.js";
import { Answer, answered } from "../../answer.js";

/**
 * @typedef {{parts: import("../../conversation.js").Part[], ms: number, first: number, usage: any, error: string,
 *   answered: string, cost: string|null|undefined, callId: string, refused: boolean, isDone: boolean}} Result
 * `ms` and `first` are milliseconds as seen from here; `cost` is undefined until it is known, null when unpriced.
 */

const DRAWN_EVERY = 60;
const LOOKED_UP = [300, 700, 1500, 3000];

/**
 * Ask, and show the result each time it has grown; it is over when the answer is. What it cost is looked up and shown
 * after that, unless `signal` says stop. Never raises: what went wrong is in the result.
 * @param {any} body @param {string} secret @param {AbortSignal} signal @param {(result: Result) => void} show
 */
export async function ask(body, secret, signal, show) {
  const began = performance.now();
  /** @type {Result} */
  const result = {
    parts: [],
    ms: 0,
    first: 0,
    usage: null,
    error: "",
    answered: "",
    cost: undefined,
    callId: "",
    refused: false,
    isDone: false,
  };
  const update = () => {
    result.ms = performance.now() - began;
    show({ ...result });
  };
  update();
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      signal,
      credentials: "omit",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${secret}`,
        "x-gophergate-tags": "source=playground",
      },
      body: JSON.stringify(body),
    });
    result.answered = response.headers.get("x-gophergate-model") || "";
    if (response.ok && response.body && body.stream) await streamed(response.body, result, began, update);
    else await whole(response, result);
    charged(response.headers.get("x-request-id"), result, signal).then(
      (isKnown) => isKnown && show({ ...result }),
    );
  } catch (error) {
    result.error = error.name === "AbortError" ? "Stopped." : error.message;
  }
  result.isDone = true;
  update();
}

/** @param {Response} response @param {Result} result */
async function whole(response, result) {
  const text = await response.text();
  if (response.ok) {
    const data = JSON.parse(text);
    result.parts = answered(text);
    result.usage = data.usage;
    return;
  }
  result.refused = response.status === 401;
  try {
    result.error = JSON.parse(text).error.message;
  } catch {
    result.error = text || `The gateway answered ${response.status}.`;
  }
}

/** @param {ReadableStream<Uint8Array>} body @param {Result} result */
async function streamed(body, result, began, update) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const answer = new Answer();
  let drawn = 0;
  result.parts = answer.parts;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    answer.feed(decoder.decode(value, { stream: true }));
    result.usage = answer.usage;
    if (!result.first && answer.parts.length) result.first = performance.now() - began;
    if (performance.now() - drawn < DRAWN_EVERY) continue;
    drawn = performance.now();
    update();
  }
  answer.end();
  result.usage = answer.usage;
}

/** What the ledger says it cost: its row is written a moment after the answer. @returns {Promise<boolean>} whether it says */
async function charged(requestId, result, signal) {
  if (!requestId) return false;
  for (const wait of LOOKED_UP) {
    await new Promise((done) => setTimeout(done, wait));
    if (signal.aborted) return false;
    const page = await get("/api/calls", { request_id: requestId }).catch(() => null);
    const call = page?.items[0];
    if (!call) continue;
    if (call.usage) result.cost = call.cost;
    result.callId = call.id;
    return !signal.aborted;
  }
  return false;
}
