/** The tools that are offered: each a name, a description and a schema as it is typed; what is wrong with them, in words. */
import { readJson, placeOf } from "./json.js";
import { oddities } from "./schema.js";

/**
 * `choice` is one of MODES, or the id of the tool that must be called.
 * `name` and `schema` of what is wrong stop the asking; `odd` is only said.
 * @typedef {import("./json.js").Flaw} Flaw
 * @typedef {{id: number, name: string, description: string, schema: string}} Tool
 * @typedef {"auto"|"none"|"required"|number} Choice
 * @typedef {{name: string, schema: Flaw|null, odd: Flaw[]}} Wrong
 */

/** @type {[Choice, string][]} */
export const MODES = [
  ["auto", "Auto: the model decides"],
  ["none", "None may be called"],
  ["required", "Required: one at least"],
];
const NAME = /^[a-zA-Z0-9_-]+$/;
const LONGEST = 64;
const EMPTY = { type: "object", properties: {} };

/** @param {Tool[]} tools @param {Partial<{name: string, description: string, parameters: any}>} given @returns {Tool} */
export const newTool = (tools, { name = "", description = "", parameters = EMPTY } = {}) => ({
  id: Math.max(0, ...tools.map((one) => one.id)) + 1,
  name,
  description,
  schema: parameters ? JSON.stringify(parameters, null, 2) : "",
});

/** @param {Tool} tool @param {Tool[]} tools all of them @returns {Wrong} */
export function wrongWith(tool, tools) {
  const wrong = { name: nameWrong(tool, tools), schema: null, odd: [] };
  if (!tool.schema.trim()) return wrong;
  const { value, places, flaw } = readJson(tool.schema);
  if (flaw) return { ...wrong, schema: flaw };
  const odd = oddities(value).map(({ at, message }) => ({
    message,
    ...placeOf(tool.schema, places.get(at) ?? 0),
  }));
  return { ...wrong, odd: odd.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** @param {Tool} tool @param {Tool[]} tools */
function nameWrong({ id, name }, tools) {
  if (!name) return "A tool needs a name.";
  if (!NAME.test(name)) {
    const sign = [...name].find((one) => !NAME.test(one));
    return `A name has letters (a to z), digits, _ and - only, not ${sign === " " ? "a space" : `"${sign}"`}.`;
  }
  if (name.length > LONGEST) return `A name has ${LONGEST} characters at most; this has ${name.length}.`;
  return tools.some((one) => one.id !== id && one.name === name) ? "Another tool has this name." : "";
}

/** Whether they can be sent. @param {Tool[]} tools */
export const areSendable = (tools) =>
  tools.every((tool) => {
    const { name, schema } = wrongWith(tool, tools);
    return !name && !schema;
  });

/** The members of a chat completion that tell of them. @param {Tool[]} tools @param {Choice} choice */
export function offered(tools, choice) {
  if (!tools.length) return {};
  const named = tools.find((tool) => tool.id === choice);
  return {
    tools: tools.map(({ name, description, schema }) => ({
      type: "function",
      function: {
        name,
        ...(description ? { description } : {}),
        ...(schema.trim() ? { parameters: JSON.parse(schema) } : {}),
      },
    })),
    ...(named
      ? { tool_choice: { type: "function", function: { name: named.name } } }
      : choice === "auto" || typeof choice === "number"
        ? {}
        : { tool_choice: choice }),
  };
}

/**
 * Definitions of tools, in whichever dialect they are; tools without arguments of their own (a provider's) are left out.
 * @param {any[]} definitions @returns {{name: string, description: string, parameters: any}[]}
 */
export function definedTools(definitions) {
  return definitions.flatMap((one) => {
    if (!one || typeof one !== "object") return [];
    const declared = one.functionDeclarations ?? one.function_declarations;
    if (Array.isArray(declared)) return definedTools(declared.map((inner) => ({ parameters: null, ...inner })));
    const { name, description = "", ...rest } = one.function ?? one;
    const parameters = [rest.parameters, rest.input_schema, rest.parametersJsonSchema].find(Boolean) ?? null;
    const isOne = one.function || one.type === "function" || "parameters" in rest || "input_schema" in rest;
    return typeof name === "string" && isOne ? [{ name, description: String(description), parameters }] : [];
  });
}
