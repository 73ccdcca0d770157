/** What a group says: its strategies and rules in words, and the body that saves it. */
import { tuningGiven, tuningKnown } from "./tuning.js";

/** @typedef {{model: string, fallback?: string|null, pattern?: string, regex?: boolean, case?: boolean, any_of_tags?: string[],
 *   max_input_tokens_lt?: number|null, requires_reasoning?: boolean|null, requires_tool_calling?: boolean|null,
 *   has_multimodal_input?: boolean|null, is_default_fallback?: boolean}} Rule */

/** @type {[string, string][]} */
export const STRATEGIES = [
  ["ordered", "In order: the first that answers"],
  ["weighted", "By weight: a share for each"],
  ["least_latency", "Quickest: the one that answers fastest now"],
  ["least_busy", "Least busy: the one with the fewest calls"],
  ["cheapest", "Cheapest for this request"],
  ["sticky", "Sticky: a session stays where its cache is warm"],
  ["heuristic", "By rules: the first rule that fits"],
  ["classifier", "By a classifier: a small model judges the prompt"],
];

export const newGroup = () => ({
  name: "",
  source: "database",
  state: "new",
  version: 0,
  strategy: "ordered",
  targets: [{ model: "", weight: 1 }],
  fallbacks: [],
  rules: [],
  classifier: null,
  sticky_by: "auto",
});

/** What is shown of a group but not said by it. */
const SHOWN = new Set([
  "name",
  "source",
  "version",
  "state",
  "published",
  "problem",
  "created_at",
  "author_id",
  "author_name",
]);

/** A group as its editor's form holds it. */
export const held = (group) => ({
  strategy: group.strategy,
  targets: group.targets.map((one) => ({ ...one, weight: one.weight ?? 1 })),
  fallbacks: group.fallbacks.map((model) => ({ model })),
  rules: group.rules,
  classifier: group.classifier,
  ...tuningKnown(group),
});

/** What somebody may have changed of a group. */
export const settable = (group) =>
  Object.fromEntries(Object.entries(group).filter(([name, value]) => !SHOWN.has(name) && value !== null));

/** The body that saves a group as `group` stands, with what was edited. Members that nobody edits here stay as they are. */
export function bodyOf(group, values) {
  const { strategy, targets, fallbacks, rules, classifier } = values;
  const named = (rows) => rows.filter((one) => one.model.trim());
  const body = /** @type {Record<string, any>} */ ({
    ...settable(group),
    ...tuningGiven(values),
    strategy,
    targets: named(targets).map((one) => ({
      ...one,
      model: one.model.trim(),
      weight: Number(one.weight ?? 1),
    })),
    fallbacks: named(fallbacks).map((one) => one.model.trim()),
    rules: strategy === "heuristic" || strategy === "classifier" ? named(rules).map(ruleOf) : [],
  });
  if (strategy === "classifier") body.classifier = classifier;
  else delete body.classifier;
  return body;
}

/** A rule without what it does not ask. @param {Rule} rule */
const ruleOf = (rule) =>
  Object.fromEntries(
    Object.entries(rule).filter(
      ([, value]) =>
        value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length),
    ),
  );

/** @typedef {"flag"|"number"|"text"|"tags"} ConditionKind */

/** Conditions by their member: how they read, how they are given, and what they begin with. @type {[string, string, ConditionKind, any][]} */
export const CONDITIONS = [
  ["max_input_tokens_lt", "the input has fewer tokens than", "number", 8000],
  ["requires_tool_calling", "tools are offered", "flag", true],
  ["requires_reasoning", "reasoning is asked for", "flag", true],
  ["has_multimodal_input", "there are pictures or files", "flag", true],
  ["any_of_tags", "it is tagged any of", "tags", []],
  ["pattern", "the last message contains", "text", ""],
];

/** Whether a rule asks that. @param {Rule} rule @param {string} name */
export const asks = (rule, name) =>
  rule[name] !== undefined && rule[name] !== null && (name !== "pattern" || rule.pattern !== undefined);

/** A rule as a sentence. @param {Rule} rule */
export function sentence(rule) {
  const parts = CONDITIONS.filter(
    ([name]) => asks(rule, name) && rule[name] !== "" && rule[name]?.length !== 0,
  ).map(([name, words, kind]) => {
    const value = rule[name];
    if (kind === "flag") return value ? words : `not: ${words}`;
    if (kind === "tags") return `${words} ${value.join(", ")}`;
    if (kind === "number") return `${words} ${Number(value).toLocaleString()}`;
    return `the last message ${rule.regex ? "matches" : "contains"} "${value}"`;
  });
  if (rule.is_default_fallback) return "Where no rule fits";
  return parts.length ? `When ${parts.join(" and ")}` : "Always";
}
