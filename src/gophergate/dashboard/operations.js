/** Calls that are not chat, made readable: what was asked and what was answered, in any of their dialects. Never HTML. */
import { parse, plain } from "./conversation.js";
import { bytes } from "./format.js";

/**
 * @typedef {import("./conversation.js").Part} Part
 * @typedef {import("./conversation.js").Turn} Turn
 */

/** Every operation, by the name that rows have. */
export const OPERATIONS = {
  chat: "Chat",
  completions: "Completions",
  count_tokens: "Token counts",
  compact: "Compaction",
  classify: "Rating",
  embeddings: "Embeddings",
  images: "Pictures",
  image_edits: "Picture edits",
  moderations: "Moderation",
  rerank: "Rerank",
  speech: "Speech",
  transcriptions: "Transcription",
  translations: "Translation",
};

const SMALL_PICTURE = 1 << 20;
const MOST_ITEMS = 50;
const SOME_NUMBERS = 6;
/** Members that hold what is to be worked on, in the order they are read. */
const WORDS = [
  "query",
  "prompt",
  "input",
  "texts",
  "inputs",
  "documents",
  "content",
  "requests",
  "instructions",
];
const HEAVY = /^(b64_json|audio|audio_data|partial_image_b64|data)$/;

/** Whether a call reads as something else than a conversation. @param {string} [operation] */
export const isPlain = (operation) => Object.hasOwn(READERS, operation || "");

/** @returns {Turn[]} what was asked, then what was answered */
export function operated(call) {
  const { request, response } = call.bodies;
  return [
    { role: "request", parts: askedOf(request) },
    { role: "answer", parts: answerOf(call, response) },
  ];
}

/** @returns {Part[]} */
function askedOf(body) {
  const data = parse(body);
  if (!isObject(data)) return body ? formOf(body) : [];
  /** @type {Part[]} */
  const parts = WORDS.filter((name) => data[name] !== undefined).flatMap((name) => items(data[name]));
  const rest = Object.fromEntries(Object.entries(data).filter(([name]) => !WORDS.includes(name)));
  return [...parts, { kind: "other", name: "Settings", text: plain(slim(rest)) }];
}

/** Texts as they are, numbers as what they are: token ids. @returns {Part[]} */
function items(value) {
  if (!Array.isArray(value)) return [item(value)];
  if (value.every((one) => typeof one === "number")) return [text(`${value.length} token ids`)];
  return most(value, item);
}

/** @returns {Part} */
function item(value) {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value) && value.every((one) => typeof one === "number"))
    return text(`${value.length} token ids`);
  if (isObject(value)) {
    const said = value.text ?? value.content ?? value.parts;
    if (typeof said === "string") return text(said);
    if (Array.isArray(said)) {
      const texts = said.map((one) => one?.text);
      if (texts.every((one) => typeof one === "string")) return text(texts.join("\n"));
    }
  }
  return { kind: "other", name: "Part", text: plain(slim(value)) };
}

/** The fields of a form as text, its files by name and type. What is kept of a body is text, so a file's size is not. */
function formOf(body) {
  const mark = /^--([^\r\n]+)\r?\n/.exec(body);
  if (!mark) return [media(kindOf(body))];
  return body
    .split(`--${mark[1]}`)
    .filter((piece) => /name=/i.test(piece.slice(0, 400)))
    .map((piece) => {
      const at = piece.search(/\r?\n\r?\n/);
      const head = at < 0 ? piece.slice(0, 400) : piece.slice(0, at);
      const value = at < 0 ? "" : piece.slice(at).trim();
      const name = /[; ]name="?([^";\r\n]*)/i.exec(head)?.[1] || "field";
      const file = /filename\*?="?([^";\r\n]*)/i.exec(head)?.[1];
      if (file === undefined) return text(`${name}: ${value}`);
      const type = /content-type: *([^\r\n;]+)/i.exec(head)?.[1] || "a file";
      return media(`${name}: ${file}, ${type}`);
    });
}

/** @returns {Part[]} */
function answerOf(call, body) {
  if (!body) return [];
  const whole = parse(body);
  const events = isObject(whole) ? [whole] : eventsOf(body);
  if (!events.length) return [unread(call, body)];
  const failed = events.find((one) => one.error || one.type === "error");
  const parts = READERS[call.operation](events);
  if (failed)
    parts.push({ kind: "other", name: "Error", text: plain(failed.error?.message || failed.error || failed) });
  return parts.length ? parts : [{ kind: "other", name: "Answer", text: plain(slim(whole ?? events)) }];
}

/** What is no JSON: words, or sound. A body that was cut is said to be so below. @returns {Part} */
function unread(call, body) {
  if (/[\u0000-\u0008\ufffd]/.test(body.slice(0, 2000)))
    return media(`${kindOf(body)}, ${bytes(call.bodies.response_size)}`);
  return text(body.length > 5000 ? `${body.slice(0, 5000)}…` : body);
}

/** The objects of a stream of events. */
function eventsOf(body) {
  return body
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => parse(line.slice(5)))
    .filter(isObject);
}

/** @type {Record<string, (events: any[]) => Part[]>} */
const READERS = {
  embeddings: (events) => most(events.flatMap(vectorsOf), (one, n) => text(`${n}: ${vector(one)}`)),
  images: pictures,
  image_edits: pictures,
  moderations: (events) =>
    most(
      events.flatMap((one) => list(one.results)),
      (one, n) => text(`${n}: ${judged(one || {})}`),
    ),
  rerank: (events) =>
    most(
      events.flatMap((one) => list(one.results ?? one.data)),
      ranked,
    ),
  speech: (events) => [media(`sound in ${events.length} ${events.length === 1 ? "piece" : "pieces"}`)],
  transcriptions: heard,
  translations: heard,
  completions: (events) => {
    const said = events
      .flatMap((one) => list(one.choices))
      .map((one) => one?.text || "")
      .join("");
    return said ? [text(said)] : [];
  },
};

/** OpenAI's, Gemini's, Ollama's, Cohere's: numbers, or numbers packed in base64. */
function vectorsOf(answer) {
  if (Array.isArray(answer.data)) return answer.data.map((one) => one?.embedding);
  const found = answer.embeddings ?? answer.embedding;
  if (Array.isArray(found))
    return typeof found[0] === "number" ? [found] : found.map((one) => (isObject(one) ? one.values : one));
  if (isObject(found)) return found.values ? [found.values] : Object.values(found).flat(1);
  return [];
}

function vector(one) {
  if (typeof one === "string") return `packed numbers, ${bytes((one.length * 3) / 4)}`;
  if (!Array.isArray(one)) return plain(one);
  const some = one.slice(0, SOME_NUMBERS).join(", ");
  return `${one.length} numbers: ${some}${one.length > SOME_NUMBERS ? ", …" : ""}`;
}

/** @returns {Part[]} */
function pictures(events) {
  // Of a stream only the whole picture: the others are that one while it is drawn.
  const done = events.filter((one) => typeof one.type !== "string" || one.type.endsWith(".completed"));
  const found = done.flatMap((one) =>
    Array.isArray(one.data) ? one.data : one.b64_json || one.url ? [one] : [],
  );
  return most(found, (one) => {
    const packed = one?.b64_json;
    if (typeof packed !== "string") return media(`picture at ${one?.url || "an unknown place"}`);
    const type = typeOf(packed);
    const words = `${type || "picture"}, ${bytes((packed.length * 3) / 4)}`;
    if (!type || packed.length > SMALL_PICTURE) return media(words);
    return { kind: "picture", text: words, source: `data:${type};base64,${packed}` };
  });
}

/** Of a picture by its first bytes, packed; "" for what browsers are not asked to show. */
const typeOf = (packed) =>
  packed.startsWith("iVBOR")
    ? "image/png"
    : packed.startsWith("/9j/")
      ? "image/jpeg"
      : packed.startsWith("UklGR")
        ? "image/webp"
        : "";

function judged(one) {
  const names = Object.entries(one.categories || {})
    .filter(([, is]) => is)
    .map(([name]) => name);
  const flagged = one.flagged ?? names.length > 0;
  return flagged ? `flagged: ${names.join(", ") || "no category said"}` : "not flagged";
}

/** @returns {Part} */
function ranked(one) {
  const score = one?.relevance_score ?? one?.score;
  const said = one?.document?.text ?? one?.document;
  return text(`document ${one?.index ?? "?"}: ${score ?? "no score"}${said ? `\n${plain(said)}` : ""}`);
}

/** @returns {Part[]} */
function heard(events) {
  const done = events.find((one) => typeof one.text === "string");
  const said = done
    ? done.text
    : events.map((one) => (typeof one.delta === "string" ? one.delta : "")).join("");
  return said ? [text(said)] : [];
}

/** What sound it is, by its first bytes as far as text keeps them. */
const kindOf = (body) =>
  body.startsWith("RIFF")
    ? "sound, WAV"
    : body.startsWith("ID3")
      ? "sound, MP3"
      : body.startsWith("OggS")
        ? "sound, Ogg"
        : body.startsWith("fLaC")
          ? "sound, FLAC"
          : "data that is no text";

/** @param {string} said @returns {Part} */
const text = (said) => ({ kind: "text", text: said });
/** @param {string} said @returns {Part} */
const media = (said) => ({ kind: "media", text: said });
const list = (value) => (Array.isArray(value) ? value : []);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {any[]} values @param {(one: any, n: number) => Part} shown @returns {Part[]} */
function most(values, shown) {
  const parts = values.slice(0, MOST_ITEMS).map(shown);
  if (values.length > MOST_ITEMS) parts.push(text(`… and ${values.length - MOST_ITEMS} more: see Raw.`));
  return parts;
}

/** The same without what is long and nobody reads. */
function slim(value) {
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map(slim);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      typeof one === "string" && (HEAVY.test(name) || one.startsWith("data:")) && one.length > 200
        ? `(${bytes((one.length * 3) / 4)})`
        : slim(one),
    ]),
  );
}
