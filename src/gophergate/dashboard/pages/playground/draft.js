/** What is being asked: the draft of a request, kept apart from how it is typed and from who answers it. */
import { offered } from "./tools.js";

/**
 * A message of role "tool" is the result of the call with the id `answers`.
 * @typedef {{id: string, name: string, text: string}} Call
 * @typedef {{role: "user"|"assistant"|"tool", text: string, images: string[], calls: Call[], answers: string}} Message
 * @typedef {{system: string, messages: Message[], tools: import("./tools.js").Tool[], choice: import("./tools.js").Choice,
 *   temperature: string, topP: string, limit: string, effort: string, stream: boolean}} Draft
 */

/** @param {string} [text] @param {Message["role"]} [role] @param {Partial<Message>} [more] @returns {Message} */
export const message = (text = "", role = "user", more = {}) => ({
  role,
  text,
  images: [],
  calls: [],
  answers: "",
  ...more,
});

/** @returns {Draft} */
export const emptyDraft = () => ({
  system: "",
  messages: [message("Say hello to a gopher in one sentence.")],
  tools: [],
  choice: "auto",
  temperature: "",
  topP: "",
  limit: "",
  effort: "",
  stream: true,
});

/** The body of a chat completion. @param {Draft} draft @param {string} model */
export function body(draft, model) {
  const told = [
    ...(draft.system ? [{ role: "system", content: draft.system }] : []),
    ...draft.messages.map(content),
  ];
  return {
    model,
    messages: told,
    ...(draft.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...offered(draft.tools, draft.choice),
    ...(draft.temperature !== "" ? { temperature: Number(draft.temperature) } : {}),
    ...(draft.topP !== "" ? { top_p: Number(draft.topP) } : {}),
    ...(draft.limit !== "" ? { max_completion_tokens: Number(draft.limit) } : {}),
    ...(draft.effort ? { reasoning_effort: draft.effort } : {}),
  };
}

/** @param {Message} one */
function content({ role, text, images, calls, answers }) {
  if (role === "tool") return { role, tool_call_id: answers, content: text };
  if (calls.length)
    return {
      role,
      content: text || null,
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.text },
      })),
    };
  if (!images.length) return { role, content: text };
  const pictures = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { role, content: [{ type: "text", text }, ...pictures] };
}

/** The messages with what a model answered behind them, and the results of its calls or room for the next question.
 * @param {Message[]} messages @param {import("../../conversation.js").Part[]} parts @param {Record<string, string>} results */
export function goneOn(messages, parts, results) {
  const calls = callsIn(parts);
  const text = parts
    .filter((part) => part.kind === "text")
    .map((part) => part.text)
    .join("");
  const next = calls.length
    ? calls.map((call) => message(results[call.id] || "", "tool", { answers: call.id }))
    : [message()];
  return [...messages, message(text, "assistant", { calls }), ...next];
}

/** @param {import("../../conversation.js").Part[]} parts @returns {Call[]} */
export const callsIn = (parts) =>
  parts
    .filter((part) => part.kind === "tool")
    .map((part, n) => ({ id: part.id || `call_${n}`, name: part.name || "", text: part.text }));

/** The messages without one; the results of its calls go with it. @param {Message[]} messages @param {number} n */
export function without(messages, n) {
  const gone = messages[n].calls.map((call) => call.id);
  const left = messages.filter((one, at) => at !== n && !(at > n && gone.includes(one.answers)));
  return left.length ? left : [message()];
}

/** The body with its pictures cut short: for reading, not for running. */
export function readable(request) {
  const short = (url) => `${url.slice(0, 40)}… (${Math.round((url.length * 0.75) / 1024)} kB)`;
  return JSON.parse(JSON.stringify(request), (name, value) =>
    name === "url" && typeof value === "string" && value.startsWith("data:") ? short(value) : value,
  );
}
