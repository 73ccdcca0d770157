/** A call that was made elsewhere, brought here to be asked again: its words, its tools, and what they answered. */
import { asked, parse } from "../../conversation.js";
import { emptyDraft, message } from "./draft.js";
import { definedTools, newTool } from "./tools.js";

/**
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {import("./draft.js").Message} Message
 */

const REPLAY = "gophergate.replay";

/** Keep a call for the playground, which is opened next. */
export function keepReplay(model, request) {
  sessionStorage.setItem(REPLAY, JSON.stringify({ model, body: request }));
}

/** The call that was brought here; null when none was. @returns {{model: string, draft: Draft}|null} */
export function takeReplay() {
  const kept = sessionStorage.getItem(REPLAY);
  sessionStorage.removeItem(REPLAY);
  if (!kept) return null;
  const { model, body } = JSON.parse(kept);
  const turns = asked(body);
  const isSystem = (turn) => turn.role === "system" || turn.role === "developer";
  return {
    model,
    draft: {
      ...emptyDraft(),
      system: turns
        .filter(isSystem)
        .map((turn) => words(turn.parts))
        .join("\n"),
      messages: messagesOf(turns.filter((turn) => !isSystem(turn))),
      ...toolsOf(parse(body) || {}),
    },
  };
}

const words = (parts) =>
  parts
    .filter((part) => part.kind === "text")
    .map((part) => part.text)
    .join("\n");

/** @param {import("../../conversation.js").Turn[]} turns @returns {Message[]} */
function messagesOf(turns) {
  /** @type {Message[]} */
  const found = [];
  /** Calls that wait for their result. @type {import("./draft.js").Call[]} */
  let open = [];
  let made = 0;
  for (const { role, parts } of turns) {
    for (const part of parts.filter((one) => one.kind === "result")) {
      const before = found[found.length - 1];
      if (part.id && before?.answers === part.id) {
        before.text += part.text;
        continue;
      }
      // Not every dialect names the call that a result is of: then it is the next of that name, or the next at all.
      const call =
        open.find((one) => one.id === part.id) || open.find((one) => one.name === part.name) || open[0];
      if (!call) continue;
      open = open.filter((one) => one !== call);
      found.push(message(part.text, "tool", { answers: call.id }));
    }
    const calls = parts
      .filter((part) => part.kind === "tool")
      .map((part) => ({ id: part.id || `call_${++made}`, name: part.name || "", text: part.text || "{}" }));
    open.push(...calls);
    const text = words(parts);
    const last = found[found.length - 1];
    if (role === "assistant" && last?.role === "assistant") {
      last.text = [last.text, text].filter(Boolean).join("\n");
      last.calls.push(...calls);
    } else if (text || calls.length)
      found.push(message(text, role === "assistant" ? "assistant" : "user", { calls }));
  }
  return found.length ? found : [message()];
}

/** @param {any} request @returns {Pick<Draft, "tools"|"choice">} */
function toolsOf(request) {
  /** @type {Draft["tools"]} */
  const tools = [];
  for (const one of definedTools(Array.isArray(request.tools) ? request.tools : []))
    tools.push(newTool(tools, one));
  const config = request.toolConfig ?? request.tool_config;
  const said = request.tool_choice ?? config?.functionCallingConfig ?? config?.function_calling_config;
  const mode = String(typeof said === "string" ? said : (said?.type ?? said?.mode ?? "auto")).toLowerCase();
  const name = said?.function?.name ?? said?.name ?? said?.allowedFunctionNames?.[0];
  const named = name && tools.find((tool) => tool.name === name);
  if (named) return { tools, choice: named.id };
  return {
    tools,
    choice: mode === "any" || mode === "required" ? "required" : mode === "none" ? "none" : "auto",
  };
}
