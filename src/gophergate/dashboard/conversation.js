/** What was said, read out of a call's bodies whatever dialect they are in. Turns of parts; never HTML. */

/**
 * `id` is that of a tool call, on the call and on its result; not every dialect has one. `source` is a picture's data.
 * @typedef {{kind: "text"|"thought"|"tool"|"result"|"media"|"picture"|"other", text: string, name?: string, id?: string,
 *   source?: string}} Part
 */
/** @typedef {{role: string, parts: Part[]}} Turn */

/** @param {string} body @returns {Turn[]} */
export function asked(body) {
  const data = parse(body);
  if (!data || typeof data !== "object") return [];
  /** @type {Turn[]} */
  const turns = [];
  const system = data.system ?? data.instructions ?? data.systemInstruction ?? data.system_instruction;
  if (system) turns.push({ role: "system", parts: parts(system) });
  if (typeof data.prompt === "string")
    turns.push({ role: "user", parts: [{ kind: "text", text: data.prompt }] });
  const list = data.messages ?? data.input ?? data.contents;
  if (typeof list === "string") turns.push({ role: "user", parts: [{ kind: "text", text: list }] });
  for (const item of Array.isArray(list) ? list : []) turns.push(turn(item));
  return turns;
}

/** @returns {Turn} */
export function turn(item) {
  if (typeof item === "string") return { role: "user", parts: [{ kind: "text", text: item }] };
  if (item.type === "function_call" || item.type === "custom_tool_call")
    return {
      role: "assistant",
      parts: [{ kind: "tool", id: item.call_id, name: item.name, text: item.arguments ?? item.input ?? "" }],
    };
  if (item.type === "function_call_output" || item.type === "custom_tool_call_output")
    return { role: "tool", parts: [{ kind: "result", id: item.call_id, text: plain(item.output) }] };
  if (item.type === "reasoning")
    return {
      role: "assistant",
      parts: [
        { kind: "thought", text: (item.summary || []).map((one) => one.text).join("\n") || "(encrypted)" },
      ],
    };
  /** @type {Part[]} */
  const said = [];
  if (item.reasoning_content || item.reasoning || item.thinking)
    said.push({ kind: "thought", text: plain(item.reasoning_content || item.reasoning || item.thinking) });
  said.push(...parts(item.content ?? item.parts));
  for (const call of item.tool_calls || [])
    said.push({
      kind: "tool",
      id: call.id,
      name: call.function?.name ?? call.custom?.name ?? call.name,
      text: plain(call.function?.arguments ?? call.custom?.input),
    });
  if (item.role === "tool")
    return {
      role: "tool",
      parts: said.map((one) => ({ ...one, kind: "result", id: item.tool_call_id, name: item.tool_name })),
    };
  return { role: item.role === "model" ? "assistant" : item.role || "user", parts: said };
}

/** @returns {Part[]} */
export function parts(content) {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return content ? [{ kind: "text", text: content }] : [];
  if (!Array.isArray(content)) return parts(content.parts ?? content.text ?? [content]);
  return content.flatMap(part);
}

/** @returns {Part[]} */
function part(one) {
  if (typeof one === "string") return [{ kind: "text", text: one }];
  const type = one.type || "";
  if (type === "thinking" || one.thought) return [{ kind: "thought", text: one.thinking ?? one.text ?? "" }];
  if (type === "redacted_thinking") return [{ kind: "thought", text: "(redacted by the provider)" }];
  if (type === "tool_use" || type === "server_tool_use")
    return [{ kind: "tool", id: one.id, name: one.name, text: plain(one.input) }];
  if (one.functionCall) {
    const { id, name, args } = one.functionCall;
    return [{ kind: "tool", id, name, text: plain(args) }];
  }
  if (type === "tool_result") return [{ kind: "result", id: one.tool_use_id, text: plain(one.content) }];
  if (one.functionResponse) {
    const { id, name, response } = one.functionResponse;
    return [{ kind: "result", id, name, text: plain(response) }];
  }
  if (typeof one.text === "string") return [{ kind: "text", text: one.text }];
  if (type === "refusal") return [{ kind: "text", text: one.refusal }];
  if (/image|audio|file|document|media/.test(type) || one.inlineData || one.fileData)
    return [{ kind: "media", text: media(one) }];
  return [{ kind: "other", name: type || "part", text: plain(one) }];
}

function media(one) {
  const inline = one.inlineData || one.source || {};
  const address =
    one.image_url?.url || one.image_url || one.fileData?.fileUri || inline.url || one.file?.filename || "";
  const type = inline.mimeType || inline.media_type || one.type || "media";
  if (typeof address === "string" && address.startsWith("data:"))
    return `${address.slice(5, address.indexOf(";"))}, ${Math.round((address.length * 0.75) / 1024)} kB`;
  return [type, address].filter(Boolean).join(" ");
}

export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
export const plain = (value) =>
  value === undefined || value === null
    ? ""
    : typeof value === "string"
      ? value
      : Array.isArray(value) && value.every((one) => one && typeof one.text === "string")
        ? value.map((one) => one.text).join("\n")
        : JSON.stringify(value, null, 2);
/** JSON made easy to read; anything else as it is. */
export const pretty = (text) => {
  const data = parse(text);
  return data === null ? text : JSON.stringify(data, null, 2);
};
