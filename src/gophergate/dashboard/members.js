/** Members of what the API shows, in plain words: what each is called, its values, and what differs between two states. */
import { count, exactTime, exactly, money, percent, shortId } from "./format.js";

/** @typedef {Record<string, Record<string, string>>} Names what things are called, by list and id */
/** @typedef {{path: string, label: string, before: any, after: any}} Difference */

/** What nobody sets: it follows from a change, or only tells which thing it is. */
const APART = new Set([
  ...["id", "version", "published", "state", "source", "problem", "label", "author_id", "replaced_by"],
  ...["created_at", "updated_at", "last_used_at", "password_changed_at", "set_at", "spent_before"],
  ...["scope", "scope_id", "scope_name", "api_key_sealed", "hash"],
]);
/** What a member is called; of one within another first by both. */
const WORDS = {
  username: "user name",
  team_id: "team",
  organisation_id: "organisation",
  user_id: "user",
  client_id: "client",
  disabled: "on or off",
  enabled: "on or off",
  "limits.rpm": "calls a minute",
  "limits.tpm": "tokens a minute",
  "limits.input_tpm": "input tokens a minute",
  "limits.output_tpm": "output tokens a minute",
  concurrency: "calls at a time",
  ip_allow: "allowed addresses",
  expires_at: "expiry",
  revoked_at: "time of revocation",
  grace_until: "end of grace",
  last4: "last four characters",
  scopes: "permissions",
  seconds: "length of the period",
  timezone: "time zone",
  hard: "calls beyond it",
  thresholds: "warning thresholds",
  raised: "raise",
  raised_until: "end of the raise",
  base_url: "address",
  url: "address",
  speaks: "dialects",
  api_key: "key",
  api_key_masked: "key",
  api_key_weight: "weight of the key default",
  "timeouts.connect": "time to connect",
  "timeouts.first_byte": "time to the first byte",
  "timeouts.idle": "longest silence",
  "timeouts.total": "time in all",
  retry_deadline: "time for retries",
  "breaker.failures": "breaker's failures in a row",
  "breaker.recovery": "breaker's recovery time",
  "breaker.probe": "breaker's time between free looks",
  "disconnect.policy": "treatment of clients that leave",
  "disconnect.seconds": "time to drain",
  "disconnect.tokens": "tokens to drain",
  balance: "credit",
  low: "warning threshold",
  mapped_name: "name upstream",
  detect: "what it looks for",
  where: "where it looks",
  case_sensitive: "whether capitals matter",
  whole_words: "whole words only",
  on_error: "what is not looked at",
  secret: "signing secret",
  secret_masked: "signing secret",
  "price.like": "model whose price it has",
  sticky_by: "thread of stickiness",
  hedge_after: "time before hedging",
  wait: "longest wait",
  continue_streams: "continuation of cut streams",
  events: "events",
  rows: "calls",
  changed: "calls with another cost",
  before: "cost before",
  after: "cost after",
  kept: "untouched calls",
  since: "start",
  latest: "newest prices",
  dry_run: "dry run",
  share: "share off",
};
const POLICIES = {
  cancel: "the connection is closed",
  drain: "it is read on for a while",
  finish: "it is read to its end",
};
const MONEY = new Set(["amount", "raised", "balance", "low", "before", "after"]);
const SECONDS = new Set(["retry_deadline", "recovery", "probe", "seconds", "wait", "timeout", "remember"]);
/** What it means that nothing is set. */
const UNSET = {
  base_url: "its own",
  expires_at: "never",
  mapped_name: "the same",
  models: "every model",
  detect: "all there is",
  teams: "everybody",
  clients: "everybody",
  keys: "everybody",
  placeholder: "what was found",
  secret_masked: "none",
  concurrency: "no limit",
  retries: "as its kind has it",
};
const LISTS = {
  team_id: "teams",
  organisation_id: "organisations",
  user_id: "users",
  client_id: "clients",
  author_id: "users",
};

export const isEmpty = (value) =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

/**
 * What differs, member by member, as the API names them. Where there is only one state: all that is set in it.
 * @param {any} before @param {any} after @returns {Difference[]}
 */
export function differences(before, after) {
  const was = flat(before);
  const now = flat(after);
  const moved = orders(before?.targets, after?.targets);
  const differing = [...new Set([...Object.keys(was), ...Object.keys(now)])].filter(
    (path) =>
      !APART.has(path.split("/").at(-1) || "") &&
      !(isEmpty(was[path]) && isEmpty(now[path])) &&
      JSON.stringify(was[path]) !== JSON.stringify(now[path]),
  );
  return differing
    .filter((path) => !differing.includes(`${path}_masked`))
    .map((path) => ({ path, label: labelOf(path), before: was[path], after: now[path] }))
    .concat(moved);
}

/** Targets that both states have, where they stand in another order. @returns {Difference[]} */
function orders(before, after) {
  const models = (rows) => (Array.isArray(rows) ? rows.map((one) => one.model) : []);
  const [was, now] = [models(before), models(after)];
  const first = was.filter((one) => now.includes(one));
  const second = now.filter((one) => was.includes(one));
  if (first.join("\n") === second.join("\n")) return [];
  return [{ path: "targets", label: "order of the targets", before: first, after: second }];
}

/** Every leaf by its path, "breaker/recovery"; of a list of objects by what tells one from the others. */
function flat(value, at = "", found = /** @type {Record<string, any>} */ ({})) {
  const below = (key) => (at ? `${at}/${String(key).replaceAll("/", "\u2215")}` : String(key));
  if (Array.isArray(value) && value.some((one) => one && typeof one === "object"))
    value.forEach((one, n) =>
      flat(one, below(at === "rules" ? n + 1 : (one.label ?? one.model ?? n + 1)), found),
    );
  else if (value && typeof value === "object" && !Array.isArray(value))
    for (const [name, inner] of Object.entries(value)) flat(inner, below(name), found);
  else if (at) found[at] = value;
  return found;
}

/** What several members of one are called together. */
const TOGETHER = {
  credentials: "keys",
  timeouts: "time-outs",
  disconnect: "treatment of clients that leave",
};

/** What differs in a few words: members of one thing go together. @param {Difference[]} differences @returns {string[]} */
export function together(differences) {
  const found = /** @type {Record<string, Difference[]>} */ ({});
  for (const one of differences) (found[one.path.split("/")[0]] ??= []).push(one);
  return Object.entries(found).map(([first, ones]) =>
    ones.length === 1 ? ones[0].label : TOGETHER[first] || first.replaceAll("_", " "),
  );
}

/** What a member is called. @param {string} path */
export function labelOf(path) {
  const parts = path.split("/").map((part) => part.replaceAll("\u2215", "/"));
  const last = parts[parts.length - 1];
  const word = WORDS[parts.slice(-2).join(".")] || WORDS[last] || last.replaceAll("_", " ");
  if (parts.length === 1) return word;
  const [first, which] = parts;
  if (first === "credentials") return last === "weight" ? `weight of the key ${which}` : `key ${which}`;
  if (first === "targets") return last === "weight" ? `weight of ${which}` : `target ${which}`;
  if (first === "price" && last !== "like") return `price of ${priced(last)}`;
  if (first === "rules" || first === "discounts") return `${first.slice(0, -1)} ${which}: ${word}`;
  return WORDS[parts.slice(-2).join(".")] || first === "limits"
    ? word
    : `${first.replaceAll("_", " ")}: ${word}`;
}

const priced = (name) => name.replaceAll("_", " ").replaceAll(".", " ");

/** A member's value as people read it. @param {string} path @param {any} value @param {Names} [names] @returns {string} */
export function valueOf(path, value, names = {}) {
  const parts = path.split("/");
  const last = parts[parts.length - 1];
  const first = parts[0];
  if (isEmpty(value)) {
    if (first === "limits") return "no limit";
    if (first === "timeouts") return "as its kind has it";
    if (first === "models" && Array.isArray(value)) return "all there are";
    return UNSET[last] || "none";
  }
  if (value === "***") return "a new one";
  if (last === "hard") return value ? "are refused" : "are only told of";
  if (last === "enabled" || last === "disabled") return value === (last === "enabled") ? "on" : "off";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (LISTS[last]) return names[LISTS[last]]?.[value] || shortId(String(value));
  if (first === "price" && last !== "like" && !last.startsWith("tier.")) return priceOf(last, value);
  if (MONEY.has(last)) return dollars(value);
  if (last === "share") return `${percent(Number(value))} off`;
  if (last === "thresholds") return value.map((one) => percent(one)).join(", ");
  if (last === "policy") return POLICIES[value] || String(value);
  if (last === "hedge_after") return `${exactly(value)} ms`;
  if (first === "timeouts" || SECONDS.has(last)) return value ? span(Number(value)) : "never";
  if (/(_at|_until)$|^(since|until)$/.test(last))
    return exactTime(typeof value === "number" ? value / 1000 : value);
  if (Array.isArray(value) && names[last])
    return value.map((one) => names[last][one] || shortId(String(one))).join(", ");
  if (Array.isArray(value))
    return value.length > 6 ? `${value.slice(0, 5).join(", ")} and ${value.length - 5} more` : value.join(", ");
  if (typeof value === "number") return exactly(value);
  return String(value);
}

const priceOf = (name, value) =>
  `${dollars(value)} ${name === "request" ? "a call" : name.startsWith("tool.") ? "a use" : name.startsWith("unit.") ? "a piece" : "a million tokens"}`;

/** "500.00" -> "$500", "0.5" -> "$0.50" */
export const dollars = (value) => money(value).replace(/\.00$/, "");

/** Seconds as people say them: 90 -> "90 s", 300 -> "5 min". @param {number} seconds */
export function span(seconds) {
  for (const [unit, size] of /** @type {[string, number][]} */ ([
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
  ]))
    if (seconds >= 2 * size && seconds % size === 0) return `${count(seconds / size)} ${unit}`;
  return seconds === 60 ? "1 min" : seconds === 3600 ? "1 h" : `${exactly(seconds)} s`;
}
