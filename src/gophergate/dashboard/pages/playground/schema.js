/** A JSON schema as the arguments of a tool, checked in words. What is odd is said and sent all the same: models differ. */
import { pointed } from "./json.js";

/** @typedef {{at: string, message: string}} Odd `at` is the JSON pointer of what is meant */

const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
/** What other languages call them. */
const MEANT = {
  str: "string",
  text: "string",
  int: "integer",
  long: "integer",
  float: "number",
  double: "number",
  decimal: "number",
  bool: "boolean",
  dict: "object",
  map: "object",
  list: "array",
  tuple: "array",
  none: "null",
  nil: "null",
  nul: "null",
};
const ONE = ["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
const SEVERAL = ["anyOf", "oneOf", "allOf", "prefixItems"];
const NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
const TEXTS = ["title", "description", "format", "pattern", "$ref", "$schema", "$id", "$comment", "$anchor"];
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const COUNTS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const OTHERS = [
  "type",
  "enum",
  "const",
  "required",
  "default",
  "examples",
  "example",
  "uniqueItems",
  "minContains",
  "maxContains",
  "nullable",
  "deprecated",
  "readOnly",
  "writeOnly",
  "discriminator",
  "dependentRequired",
  "unevaluatedItems",
  "unevaluatedProperties",
  "contentEncoding",
  "contentMediaType",
];
const KEYWORDS = [ONE, SEVERAL, NAMED, TEXTS, NUMBERS, COUNTS, OTHERS].flat();
const RANGES = [
  ["minimum", "maximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
  ["minProperties", "maxProperties"],
];
/** Which JavaScript values a type has. @type {Record<string, (value: any) => boolean>} */
const IS = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  object: (value) => isObject(value),
  array: Array.isArray,
  null: (value) => value === null,
};

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const quoted = (value) => JSON.stringify(value);
const MOST_FLAWS = 50;

/** What is odd about the schema of a tool's arguments, in the order of the text. @param {any} schema @returns {Odd[]} */
export function oddities(schema) {
  const found = /** @type {Odd[]} */ ([]);
  if (!isObject(schema)) return [{ at: "", message: "A tool's arguments are an object: { … }." }];
  if (schema.type !== "object")
    found.push({
      at: "type" in schema ? "/type" : "",
      message: `A tool's arguments are an object: the type of the whole is "object"${"type" in schema ? `, not ${quoted(schema.type)}` : ""}.`,
    });
  new Check(schema, found).schema(schema, "", true);
  return found;
}

class Check {
  /** @param {any} root @param {Odd[]} found */
  constructor(root, found) {
    this.root = root;
    this.found = found;
  }

  say(at, message) {
    if (this.found.length < MOST_FLAWS) this.found.push({ at, message });
  }

  schema(schema, at, isRoot = false) {
    if (typeof schema === "boolean") return;
    if (!isObject(schema)) {
      this.say(at, `A schema is an object, not ${quoted(schema)}.`);
      return;
    }
    for (const name of Object.keys(schema)) this.keyword(name, at);
    if ("type" in schema && !(isRoot && schema.type !== "object")) this.type(schema.type, `${at}/type`);
    for (const name of NAMED) if (name in schema) this.named(schema[name], name, at + pointed(name));
    for (const name of ONE) if (name in schema) this.one(schema[name], name, `${at}/${name}`);
    for (const name of SEVERAL) if (name in schema) this.several(schema[name], name, `${at}/${name}`);
    if ("required" in schema) this.required(schema, `${at}/required`, isRoot);
    if ("enum" in schema) this.enumeration(schema, `${at}/enum`);
    if (schema.type === "array" && !("items" in schema) && !("prefixItems" in schema))
      this.say(`${at}/type`, 'A list says by "items" what it is of.');
    this.plain(schema, at);
    if (typeof schema.$ref === "string") this.reference(schema.$ref, `${at}/$ref`);
  }

  keyword(name, at) {
    if (KEYWORDS.includes(name)) return;
    const near = KEYWORDS.find((known) => isNear(name, known));
    if (near) this.say(at + pointed(name), `"${name}" is no keyword of a schema: did you mean "${near}"?`);
  }

  type(type, at) {
    const several = Array.isArray(type) ? type : [type];
    if (!several.length) this.say(at, "The list of types is empty.");
    for (const one of several) {
      if (TYPES.includes(one)) continue;
      const small = String(one).toLowerCase();
      const meant = TYPES.includes(small) ? small : MEANT[small] || TYPES.find((known) => isNear(small, known));
      const better = meant ? `: did you mean "${meant}"?` : `: there are ${TYPES.join(", ")}.`;
      this.say(at, `${quoted(one)} is no type${better}`);
    }
  }

  named(schemas, name, at) {
    if (!isObject(schemas)) {
      this.say(at, `"${name}" is an object of schemas by their names.`);
      return;
    }
    for (const [inner, one] of Object.entries(schemas)) this.schema(one, at + pointed(inner));
  }

  one(schema, name, at) {
    if (name === "items" && Array.isArray(schema))
      this.say(at, '"items" is one schema for all; a list of them is called "prefixItems".');
    else this.schema(schema, at);
  }

  several(schemas, name, at) {
    if (!Array.isArray(schemas) || !schemas.length)
      this.say(at, `"${name}" is a list of schemas, with one at least.`);
    else schemas.forEach((one, n) => this.schema(one, at + pointed(n)));
  }

  required({ required, properties }, at, isRoot) {
    if (!Array.isArray(required) || required.some((one) => typeof one !== "string")) {
      this.say(at, '"required" is a list of names and stands beside "properties", such as ["city"].');
      return;
    }
    // Without properties of its own a part of "anyOf" may well require those of the whole.
    if (!isRoot && !isObject(properties)) return;
    for (const [n, name] of required.entries()) {
      if (required.indexOf(name) < n) this.say(at + pointed(n), `"required" names "${name}" twice.`);
      else if (!isObject(properties) || !Object.hasOwn(properties, name))
        this.say(at + pointed(n), `"required" names "${name}", which is no property here.`);
    }
  }

  enumeration({ enum: values, type }, at) {
    if (!Array.isArray(values) || !values.length) {
      this.say(at, '"enum" is the list of the allowed values, with one at least.');
      return;
    }
    if (typeof type !== "string" || !IS[type]) return;
    for (const [n, value] of values.entries())
      if (!IS[type](value)) this.say(at + pointed(n), `${quoted(value)} is no ${type}, as the type says.`);
  }

  plain(schema, at) {
    for (const name of TEXTS)
      if (name in schema && typeof schema[name] !== "string")
        this.say(at + pointed(name), `"${name}" is a string.`);
    for (const name of NUMBERS)
      if (name in schema && typeof schema[name] !== "number")
        this.say(`${at}/${name}`, `"${name}" is a number.`);
    for (const name of COUNTS)
      if (name in schema && !(Number.isInteger(schema[name]) && schema[name] >= 0))
        this.say(`${at}/${name}`, `"${name}" is a whole number from 0 on.`);
    for (const [least, most] of RANGES)
      if (schema[least] > schema[most]) this.say(`${at}/${least}`, `"${least}" is larger than "${most}".`);
    if (typeof schema.pattern === "string" && !isPattern(schema.pattern))
      this.say(`${at}/pattern`, `${quoted(schema.pattern)} is no regular expression.`);
  }

  reference(reference, at) {
    if (!reference.startsWith("#")) return;
    let found = this.root;
    for (const part of reference.slice(1).split("/").slice(1))
      found =
        isObject(found) || Array.isArray(found)
          ? found[part.replaceAll("~1", "/").replaceAll("~0", "~")]
          : undefined;
    if (found === undefined) this.say(at, `"${reference}" points at nothing in this schema.`);
  }
}

function isPattern(text) {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

/** Whether one is the other but for case or a slip: one letter too many, too few, another, or two swapped. */
export function isNear(one, other) {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === b) return true;
  if (Math.min(a.length, b.length) < 4 || Math.abs(a.length - b.length) > 1) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const [left, right] = [a.slice(same), b.slice(same)];
  return (
    left.slice(1) === right.slice(1) ||
    left.slice(1) === right ||
    left === right.slice(1) ||
    (left[0] === right[1] && left[1] === right[0] && left.slice(2) === right.slice(2))
  );
}
