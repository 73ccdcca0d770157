/** What was answered, put together from a body or a stream in any dialect, fed in any pieces. Parts; never HTML. */
import { parse, parts, plain, turn } from "./conversation.js";

/** @typedef {import("./conversation.js").Part} Part */

/** One JSON body, SSE, or lines of JSON. @param {string} body @returns {Part[]} */
export function answered(body) {
  const answer = new Answer();
  const whole = parse(body);
  if (whole) for (const event of Array.isArray(whole) ? whole : [whole]) answer.take(event);
  else {
    answer.feed(body);
    answer.end();
  }
  return answer.parts;
}

export class Answer {
  constructor() {
    /** @type {Part[]} */
    this.parts = [];
    /** The newest usage that was told, as the dialect tells it. */
    this.usage = /** @type {any} */ (null);
    this.rest = "";
    /** @type {Map<any, Part>} */
    this.tools = new Map();
  }

  /** A piece of a stream, cut anywhere. @param {string} text */
  feed(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  /** The stream is over: what stands in an unfinished line counts too. */
  end() {
    this.line(this.rest);
    this.rest = "";
  }

  line(line) {
    const text = line.startsWith("data:") ? line.slice(5).trim() : line.trim();
    const event = text.startsWith("{") ? parse(text) : null;
    if (event) this.take(event);
  }

  /** One event of a stream, or a whole body. */
  take(event) {
    if (event.error) this.add("other", plain(event.error.message || event.error));
    if (event.usage) this.usage = event.usage;
    this.chat(event);
    this.anthropic(event);
    this.responses(event);
    for (const candidate of event.candidates || []) this.put(parts(candidate.content));
    this.ollama(event);
  }

  chat(event) {
    for (const choice of event.choices || []) {
      const delta = choice.delta || choice.message || {};
      this.add("thought", delta.reasoning_content || delta.reasoning || "");
      this.put(parts(delta.content));
      this.add("text", delta.refusal);
      for (const call of delta.tool_calls || []) {
        const key = `${choice.index}-${call.index ?? call.id}`;
        this.tool(key, call.function?.name, plain(call.function?.arguments), call.id);
      }
    }
  }

  anthropic(event) {
    if (event.type === "content_block_start" && event.content_block?.type === "tool_use")
      this.tool(event.index, event.content_block.name, "");
    if (event.type === "content_block_delta") {
      const delta = event.delta || {};
      this.add("text", delta.text);
      this.add("thought", delta.thinking);
      if (delta.partial_json) this.tool(event.index, "", delta.partial_json);
    }
    if (event.type === "message" && Array.isArray(event.content)) this.parts.push(...parts(event.content));
  }

  responses(event) {
    if (event.type === "response.output_text.delta") this.add("text", event.delta);
    if (
      event.type === "response.reasoning_summary_text.delta" ||
      event.type === "response.reasoning_text.delta"
    )
      this.add("thought", event.delta);
    if (event.type === "response.output_item.added" && event.item?.name)
      this.tool(event.output_index, event.item.name, "");
    if (event.type === "response.function_call_arguments.delta") this.tool(event.output_index, "", event.delta);
    if (event.object === "response")
      for (const item of event.output || []) this.parts.push(...turn(item).parts);
  }

  ollama(event) {
    const said = event.message;
    if (said && typeof said === "object" && !event.type && !event.choices) {
      this.add("thought", said.thinking);
      this.add("text", said.content);
      for (const call of said.tool_calls || [])
        this.tool(this.tools.size, call.function?.name, plain(call.function?.arguments));
    }
    if (typeof event.response === "string") this.add("text", event.response);
  }

  /** Whole parts: text goes on where text ended, a tool call stands by itself. @param {Part[]} said */
  put(said) {
    for (const one of said) {
      if (one.kind === "tool") this.parts.push(one);
      else this.add(one.kind, one.text);
    }
  }

  /** @param {Part["kind"]} kind @param {string} [text] */
  add(kind, text) {
    if (!text) return;
    const last = this.parts[this.parts.length - 1];
    if (last && last.kind === kind) last.text += text;
    else this.parts.push({ kind, text });
  }

  /** A tool call, or more of one. @param {any} key @param {string} name @param {string} text @param {string} [id] */
  tool(key, name, text, id) {
    let known = this.tools.get(key);
    if (!known) {
      known = { kind: "tool", name: "", text: "" };
      this.tools.set(key, known);
      this.parts.push(known);
    }
    if (name) known.name = name;
    if (id) known.id = id;
    known.text += text || "";
  }
}
