/** What is being asked: the draft of a request, kept apart from how it is typed and from who answers it. */
import { asked } from "../../conversation.js";

/**
 * @typedef {{role: "user"|"assistant", text: string, images: string[]}} Message
 * @typedef {{system: string, messages: Message[], tools: string, temperature: string, topP: string, limit: string,
 *   effort: string, stream: boolean}} Draft
 */

const REPLAY = "gophergate.replay";

/** @returns {Message} */
export const message = (text = "", role = /** @type {Message["role"]} */ ("user")) => ({
  role,
  text,
  images: [],
});

/** @returns {Draft} */
export const emptyDraft = () => ({
  system: "",
  messages: [message("Say hello to a gopher in one sentence.")],
  tools: "",
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
    ...(draft.tools.trim() ? { tools: JSON.parse(draft.tools) } : {}),
    ...(draft.temperature !== "" ? { temperature: Number(draft.temperature) } : {}),
    ...(draft.topP !== "" ? { top_p: Number(draft.topP) } : {}),
    ...(draft.limit !== "" ? { max_completion_tokens: Number(draft.limit) } : {}),
    ...(draft.effort ? { reasoning_effort: draft.effort } : {}),
  };
}

/** @param {Message} one */
function content({ role, text, images }) {
  if (!images.length) return { role, content: text };
  const pictures = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { role, content: [{ type: "text", text }, ...pictures] };
}

/** The body with its pictures cut short: for reading, not for running. */
export function readable(request) {
  const short = (url) => `${url.slice(0, 40)}… (${Math.round((url.length * 0.75) / 1024)} kB)`;
  return JSON.parse(JSON.stringify(request), (name, value) =>
    name === "url" && typeof value === "string" && value.startsWith("data:") ? short(value) : value,
  );
}

/** What is wrong with the tools as typed; "" when nothing is. @param {string} text */
export function toolsWrong(text) {
  if (!text.trim()) return "";
  let tools;
  try {
    tools = JSON.parse(text);
  } catch (error) {
    return `Not JSON: ${error.message}`;
  }
  if (!Array.isArray(tools)) return "Tools are a JSON list.";
  for (const [n, tool] of tools.entries()) {
    if (!tool || typeof tool !== "object") return `Tool ${n + 1} is not an object.`;
    if (tool.type !== "function") continue;
    const name = tool.function?.name;
    if (!name) return `Tool ${n + 1} has no function.name.`;
    if (!/^[\w-]{1,64}$/.test(name)) return `The name of tool ${n + 1} may have letters, digits, _ and - only.`;
    const schema = tool.function.parameters;
    if (schema && schema.type !== "object") return `The parameters of ${name} must be a schema of type object.`;
  }
  return "";
}

/** Keep a call for the playground, which is opened next. */
export function keepReplay(model, request) {
  sessionStorage.setItem(REPLAY, JSON.stringify({ model, body: request }));
}

/** A call that was brought here to be asked again; null when none was. @returns {{model: string, draft: Draft}|null} */
export function takeReplay() {
  const kept = sessionStorage.getItem(REPLAY);
  sessionStorage.removeItem(REPLAY);
  if (!kept) return null;
  const { model, body: request } = JSON.parse(kept);
  const draft = emptyDraft();
  const words = (turn) =>
    turn.parts
      .filter((part) => part.kind === "text")
      .map((part) => part.text)
      .join("\n");
  const turns = asked(request);
  draft.system = turns
    .filter((turn) => turn.role === "system" || turn.role === "developer")
    .map(words)
    .join("\n");
  draft.messages = turns
    .filter((turn) => turn.role === "user" || turn.role === "assistant")
    .map((turn) => message(words(turn), turn.role === "user" ? "user" : "assistant"));
  if (!draft.messages.length) draft.messages = [message()];
  return { model, draft };
}
