/** What a guard says, in words, and as the API takes it. */
import { wrongAt } from "../../widgets/form.js";

/** @type {[string, string][]} */
export const KINDS = [
  ["pii", "Personal data and secrets"],
  ["keywords", "Words and phrases"],
  ["regex", "Expressions"],
  ["injection", "Attempts to take a model over"],
  ["webhook", "What an endpoint of yours finds"],
];
/** @type {[string, string][]} */
export const THINGS = [
  ["email", "E-mail addresses"],
  ["phone", "Phone numbers"],
  ["credit_card", "Credit cards"],
  ["iban", "Bank accounts (IBAN)"],
  ["us_ssn", "US social security numbers"],
  ["ip_address", "IP addresses"],
  ["secret", "Keys and other secrets"],
];
/** @type {[string, string][]} */
export const ACTIONS = [
  ["block", "The call is refused"],
  ["mask", "A placeholder takes its place"],
  ["warn", "Nothing, but it is said"],
];
/** @type {[string, string][]} */
export const PLACES = [
  ["both", "Requests and answers"],
  ["input", "Requests"],
  ["output", "Answers"],
];
/** @type {[string, string][]} */
export const MODES = [
  ["enforce", "It acts"],
  ["monitor", "It only puts on record what it would do"],
];
/** @type {[string, string][]} */
export const TOO_LARGE = [
  ["closed", "is refused"],
  ["open", "passes, and is put on record"],
];
/** Whose calls it may be for, by the lists that they stand in. @type {[string, string][]} */
export const WHOSE = [
  ["teams", "team"],
  ["clients", "client"],
  ["keys", "key"],
];

/** The word of one of those choices. @param {[string, string][]} choices @param {string} value */
export const wordOf = (choices, value) => choices.find(([key]) => key === value)?.[1] || value;

/** Each in a line of its own: a comma belongs to a phrase or an expression. */
const ownLines = (text) =>
  text
    .split("\n")
    .map((one) => one.replace(/\r$/, ""))
    .filter((one) => one.trim());

const NEW = {
  kind: "pii",
  where: "both",
  action: "mask",
  mode: "monitor",
  detect: [],
  keywords: [],
  patterns: [],
  case_sensitive: false,
  whole_words: true,
  url: "",
  secret: "",
  timeout: 5,
  placeholder: "",
  teams: [],
  clients: [],
  keys: [],
  models: [],
  on_error: "closed",
  enabled: true,
};

/** A guard as its form holds it. @param {any} [guard] a new one has none */
export function held(guard = NEW) {
  const { kind, where, action, mode, placeholder, case_sensitive, whole_words, on_error, enabled } = guard;
  return {
    ...{ kind, where, action, mode, placeholder, case_sensitive, whole_words, on_error, enabled },
    url: guard.url,
    secret: "",
    unsigned: false, // takes the secret away that it has; an empty field leaves it
    timeout: guard.timeout,
    detect: guard.detect.length ? guard.detect : THINGS.map(([key]) => key),
    keywords: guard.keywords.join("\n"),
    patterns: guard.patterns.join("\n"),
    teams: guard.teams,
    clients: guard.clients,
    keys: guard.keys,
    models: guard.models.join("\n"),
  };
}

/** What the API is given, whole: of what to look for only that of its kind. Throws where nothing is chosen to look for. */
export function given(values) {
  const { kind, detect, keywords, patterns, models, url, secret, unsigned, timeout, ...rest } = values;
  const asks = kind === "webhook";
  if (kind === "pii" && !detect.length) throw wrongAt("detect", "Choose one at least.");
  const isAll = THINGS.every(([key]) => detect.includes(key));
  return {
    ...rest,
    kind,
    detect: kind !== "pii" || isAll ? [] : detect,
    keywords: kind === "keywords" ? ownLines(keywords).map((one) => one.trim()) : [],
    patterns: kind === "regex" ? ownLines(patterns) : [],
    models: ownLines(models).map((one) => one.trim()),
    url: asks ? url.trim() : "",
    timeout: asks ? Number(timeout) : NEW.timeout,
    ...(unsigned || !asks ? { secret: null } : secret.trim() ? { secret: secret.trim() } : {}),
  };
}

/** What somebody may have changed. */
export const settable = (guard) => ({
  ...Object.fromEntries(Object.keys(NEW).map((name) => [name, guard[name]])),
  secret_masked: guard.secret_masked,
});

/** "e-mail addresses, IP addresses" or what else it looks for, short. @param {any} guard */
export function looksFor({ kind, detect, keywords, patterns, url }) {
  if (kind === "pii" && detect.length) return detect.map((one) => wordOf(THINGS, one)).join(", ");
  if (kind === "keywords") return keywords.join(", ");
  if (kind === "regex") return patterns.join("  ");
  if (kind === "webhook") return `what ${url.split("/")[2]} finds`;
  return wordOf(KINDS, kind);
}

/** "team Checkout, openai/*" @param {any} guard @param {import("../../members.js").Names} names */
export function concerns(guard, names) {
  const who = WHOSE.flatMap(([list, word]) =>
    guard[list].map((id) => `${word} ${names[list]?.[id] || id.slice(0, 8)}`),
  );
  return [...(who.length ? who : ["everybody"]), ...guard.models].join(", ");
}

const DONE = { block: "blocked", mask: "masked", warn: "saw" };
const WOULD = { block: "would have blocked", mask: "would have masked", warn: "saw" };

/** "masked 2 × EMAIL in the answer" @param {{action: string, mode: string, where: string, found: Record<string, number>}} finding */
export function finding({ action, mode, where, found }) {
  const what = Object.entries(found)
    .map(([label, times]) => `${times} × ${label}`)
    .join(", ");
  return `${(mode === "monitor" ? WOULD : DONE)[action] || action} ${what} in the ${where === "input" ? "request" : "answer"}`;
}
