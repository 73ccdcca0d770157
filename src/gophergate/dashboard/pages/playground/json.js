/** JSON (RFC 8259), read so that an error tells in words what is wrong, and at which line and column. */

/**
 * `places` says at which offset each value stands, by its JSON pointer: a member at its name, an item at its beginning.
 * @typedef {{message: string, line: number, column: number}} Flaw
 * @typedef {{value: any, places: Map<string, number>, flaw: null}} Read
 * @typedef {{value: undefined, places: Map<string, number>, flaw: Flaw}} Unread
 */

const DEEPEST = 100;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS = { true: true, false: false, null: null };
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BARE = /[\p{L}\p{N}_$+.-]+/uy;
const LAST_CONTROL = 31;
const LONG = 24;

/** @param {string} text @returns {Read|Unread} */
export function readJson(text) {
  const reader = new Reader(text);
  try {
    return { value: reader.whole(), places: reader.places, flaw: null };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return {
      value: undefined,
      places: reader.places,
      flaw: { message: error.message, ...placeOf(text, error.at) },
    };
  }
}

/** The line and the column, both from 1, of an offset. @param {string} text @param {number} at */
export function placeOf(text, at) {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: [...before[before.length - 1]].length + 1 };
}

/** The offset of a line and a column. @param {string} text @param {{line: number, column: number}} place */
export function offsetOf(text, { line, column }) {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return before + [...lines[line - 1]].slice(0, column - 1).join("").length;
}

/** A member's name or an item's number as a part of a JSON pointer (RFC 6901). */
export const pointed = (name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;

class Wrong extends Error {
  /** @param {number} at @param {string} message */
  constructor(at, message) {
    super(message);
    this.at = at;
  }
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {Map<string, number>} */
    this.places = new Map();
  }

  whole() {
    this.space();
    const value = this.value("", 0);
    this.space();
    if (this.at < this.text.length) this.wrong(`The value is over here, but ${this.seen()} follows.`);
    return value;
  }

  /** @param {string} message @returns {never} */
  wrong(message, at = this.at) {
    throw new Wrong(at, message);
  }

  /** What stands here, in words. */
  seen() {
    const here = this.text.slice(this.at);
    if (!here) return "the end of the text";
    const word = /^(?:"[^"\n]*"?|[\p{L}\p{N}_$+.-]+)/u.exec(here)?.[0] ?? [...here][0];
    const short = word.length > LONG ? `${word.slice(0, LONG)}…` : word;
    return short.startsWith('"') ? short : `"${short}"`;
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] || "-")) this.at += 1;
  }

  /** @param {string} pointer @param {number} depth */
  value(pointer, depth) {
    if (depth > DEEPEST) this.wrong(`This is nested deeper than ${DEEPEST} levels.`);
    if (!this.places.has(pointer)) this.places.set(pointer, this.at);
    const sign = this.text[this.at];
    if (sign === "{") return this.object(pointer, depth);
    if (sign === "[") return this.list(pointer, depth);
    if (sign === '"') return this.string();
    return this.bare();
  }

  /** A number, true, false or null. */
  bare() {
    BARE.lastIndex = this.at;
    const word = BARE.exec(this.text)?.[0];
    if (!word) {
      if (this.text[this.at] === "'") this.wrong("A string stands in double quotes, not in single ones.");
      if (this.text[this.at] === "/") this.wrong("JSON has no comments.");
      this.wrong(`A value is missing before ${this.seen()}.`);
    }
    if (word in WORDS) {
      this.at += word.length;
      return WORDS[word];
    }
    NUMBER.lastIndex = this.at;
    if (NUMBER.exec(this.text)?.[0] === word) {
      this.at += word.length;
      return Number(word);
    }
    const small = word.toLowerCase();
    if (small in WORDS) this.wrong(`"${word}" is written ${small}.`);
    if (small === "none") this.wrong(`"${word}" is written null.`);
    if (/^[-+.\d]/.test(word)) this.wrong(`"${word}" is not a number as JSON writes them.`);
    this.wrong(`"${word}" is no value; a string stands in double quotes.`);
  }

  string() {
    const began = this.at;
    let said = "";
    this.at += 1;
    for (;;) {
      const sign = this.text[this.at];
      if (sign === undefined || sign === "\n")
        this.wrong("This string has no closing quote on its line.", began);
      this.at += 1;
      if (sign === '"') return said;
      if (sign === "\\") said += this.escaped();
      else if (sign.charCodeAt(0) <= LAST_CONTROL)
        this.wrong(
          "A tab or another control character stands in a string as an escape, such as \\t.",
          this.at - 1,
        );
      else said += sign;
    }
  }

  escaped() {
    const began = this.at - 1;
    const sign = this.text[this.at] ?? "";
    this.at += 1;
    if (sign in ESCAPES) return ESCAPES[sign];
    const code = this.text.slice(this.at, this.at + 4);
    if (sign !== "u" || !/^[\da-fA-F]{4}$/.test(code))
      this.wrong(`"\\${sign}" is no escape; a backslash itself is written \\\\.`, began);
    this.at += 4;
    return String.fromCharCode(parseInt(code, 16));
  }

  object(pointer, depth) {
    const found = /** @type {Record<string, any>} */ ({});
    this.members("}", () => {
      const began = this.at;
      if (this.text[began] !== '"') this.unnamed();
      const name = this.string();
      if (Object.hasOwn(found, name)) this.wrong(`The property "${name}" is there twice.`, began);
      this.space();
      if (this.text[this.at] !== ":") this.wrong(`A colon is missing after "${name}".`);
      this.at += 1;
      this.space();
      const inner = pointer + pointed(name);
      this.places.set(inner, began);
      const value = this.value(inner, depth + 1);
      // A property may be called "__proto__": as one it is kept.
      Object.defineProperty(found, name, { value, enumerable: true, writable: true, configurable: true });
    });
    return found;
  }

  /** @returns {never} */
  unnamed() {
    BARE.lastIndex = this.at;
    if (this.text[this.at] === "'" || BARE.test(this.text))
      this.wrong(`A property's name stands in double quotes: ${this.seen()}.`);
    this.wrong(`A property is missing before ${this.seen()}.`);
  }

  list(pointer, depth) {
    const found = /** @type {any[]} */ ([]);
    this.members("]", () => {
      found.push(this.value(pointer + pointed(found.length), depth + 1));
    });
    return found;
  }

  /** What stands between brackets, with commas between. @param {"}"|"]"} close @param {() => void} member */
  members(close, member) {
    const began = this.at;
    const what = close === "}" ? "object" : "list";
    this.at += 1;
    this.space();
    if (this.text[this.at] === close) {
      this.at += 1;
      return;
    }
    for (;;) {
      if (this.at >= this.text.length) this.wrong(`This ${what} has no closing ${close}.`, began);
      member();
      this.space();
      const sign = this.text[this.at];
      if (sign === undefined) this.wrong(`This ${what} has no closing ${close}.`, began);
      if (sign !== close && sign !== ",") this.wrong(`A comma or ${close} is missing before ${this.seen()}.`);
      const comma = this.at;
      this.at += 1;
      if (sign === close) return;
      this.space();
      if (this.text[this.at] === close) this.wrong(`No comma stands before the closing ${close}.`, comma);
    }
  }
}
