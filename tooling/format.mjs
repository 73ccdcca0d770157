/**
 * Formats the dashboard: CSS with prettier as it is, modules with their htm templates turned to JSX for prettier and back,
 * because prettier reads no htm. The whitespace rules of the two are the same, so nothing that is drawn changes.
 *
 *   node format.mjs            write
 *   node format.mjs --check    only say which files are not formatted (exit status 1)
 */
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import prettier from "prettier";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../src/gophergate/dashboard/", import.meta.url));
const OPTIONS = { printWidth: 112, arrowParens: "always", embeddedLanguageFormatting: "off" };
const WHITE = /\s/;

/** @param {string} source @param {string} name */
async function formatted(source, name) {
  if (name.endsWith(".css")) return prettier.format(source, { ...OPTIONS, parser: "css" });
  const jsx = await prettier.format(toJsx(source), { ...OPTIONS, parser: "babel" });
  return toHtm(jsx);
}

/** The text of `node` with the edits that `visit` asks for; edits may not overlap. */
function edited(file, node, visit) {
  const edits = [];
  const walk = (one) => {
    const edit = visit(one);
    if (edit) edits.push(...(Array.isArray(edit) ? edit : [edit]));
    else ts.forEachChild(one, walk);
  };
  walk(node);
  return spliced(file.text, node.getStart(file), node.getEnd(), edits);
}

function spliced(text, start, end, edits) {
  let out = "";
  let at = start;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    out += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return out + text.slice(at, end);
}

const parse = (source, kind) => ts.createSourceFile(`file.${kind}`, source, ts.ScriptTarget.Latest, true);

/* htm -> JSX */

function toJsx(source) {
  const file = parse(source, "js");
  const visit = (node) => {
    if (!ts.isTaggedTemplateExpression(node) || node.tag.getText(file) !== "html") return null;
    const pieces = template(file, node.template, (inner) => edited(file, inner, visit));
    return { start: node.getStart(file), end: node.getEnd(), text: new Reader(pieces).read() };
  };
  const edits = [];
  ts.forEachChild(file, function walk(node) {
    const edit = visit(node);
    if (edit) edits.push(edit);
    else ts.forEachChild(node, walk);
  });
  return spliced(source, 0, source.length, edits);
}

/** A template as characters and `{code}` in the order they stand. */
function template(file, node, rewrite) {
  const raw = (literal, tail) => file.text.slice(literal.getStart(file) + 1, literal.getEnd() - tail);
  if (ts.isNoSubstitutionTemplateLiteral(node)) return [...raw(node, 1)];
  const pieces = [...raw(node.head, 2)];
  for (const span of node.templateSpans) {
    const lead = file.text.slice(span.expression.getFullStart(), span.expression.getStart(file)).trim();
    pieces.push({ code: lead + rewrite(span.expression) });
    pieces.push(...raw(span.literal, ts.isTemplateTail(span.literal) ? 1 : 2));
  }
  return pieces;
}

class Reader {
  constructor(pieces) {
    this.pieces = pieces;
    this.at = 0;
    this.open = [];
    this.roots = 0;
  }

  read() {
    let out = "";
    let text = "";
    const flush = () => {
      const shown = text.replace(/^\s*\n\s*|\s*\n\s*$/g, (found) => (this.open.length ? found : "\n"));
      if (!this.open.length && shown.trim() === "" && (shown === "" || shown.includes("\n"))) out += shown;
      else if (text) {
        if (!this.open.length) this.roots += 2;
        out += text.replace(/[{}>]/g, (sign) => `{"${sign}"}`);
      }
      text = "";
    };
    while (this.at < this.pieces.length) {
      const piece = this.pieces[this.at];
      if (typeof piece === "object") {
        flush();
        if (!this.open.length) this.roots += 2;
        out += `{${piece.code}}`;
        this.at += 1;
      } else if (piece === "<") {
        flush();
        out += this.tag();
      } else {
        text += piece;
        this.at += 1;
      }
    }
    flush();
    return this.roots === 1 ? out.trim() : `<>${out}</>`;
  }

  tag() {
    this.at += 1;
    if (this.pieces[this.at] === "/") {
      while (this.pieces[this.at] !== ">") this.at += 1;
      this.at += 1;
      return `</${this.open.pop()}>`;
    }
    if (!this.open.length) this.roots += 1;
    const name = this.name();
    let out = `<${name}`;
    for (;;) {
      while (WHITE.test(this.pieces[this.at]) && typeof this.pieces[this.at] === "string") this.at += 1;
      const piece = this.pieces[this.at];
      if (piece === undefined) throw new Error(`<${name} is not closed`);
      if (piece === ">") {
        this.at += 1;
        this.open.push(name);
        return `${out}>`;
      }
      if (piece === "/") {
        this.at += 2;
        return `${out} />`;
      }
      out += ` ${this.attribute()}`;
    }
  }

  name() {
    if (typeof this.pieces[this.at] === "object") return this.pieces[this.at++].code;
    return this.word();
  }

  word() {
    let name = "";
    while (typeof this.pieces[this.at] === "string" && !/[\s/>=]/.test(this.pieces[this.at])) name += this.pieces[this.at++];
    return name;
  }

  attribute() {
    if (this.pieces[this.at] === ".") {
      this.at += 3;
      return `{...${this.pieces[this.at++].code}}`;
    }
    const name = this.word();
    if (!name) throw new Error("an attribute was expected");
    if (this.pieces[this.at] !== "=") return name;
    this.at += 1;
    const first = this.pieces[this.at];
    if (typeof first === "object") {
      this.at += 1;
      return `${name}={${first.code}}`;
    }
    if (first !== '"' && first !== "'") return `${name}="${this.word()}"`;
    this.at += 1;
    const inside = [];
    while (this.pieces[this.at] !== first) inside.push(this.pieces[this.at++]);
    this.at += 1;
    if (inside.every((one) => typeof one === "string")) return `${name}=${first}${inside.join("")}${first}`;
    return `${name}={\`${inside.map((one) => (typeof one === "string" ? one : `\${${one.code}}`)).join("")}\`}`;
  }
}

/* JSX -> htm */

const isJsx = (node) => ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxFragment(node);
const isComponent = (name) => /^[A-Z]/.test(name) || name.includes(".");

function toHtm(source) {
  const file = parse(source, "jsx");
  const edits = [];
  ts.forEachChild(file, function walk(node) {
    const edit = outer(file, node);
    if (edit) edits.push(edit);
    else ts.forEachChild(node, walk);
  });
  return spliced(source, 0, source.length, edits);
}

/** JSX in an expression becomes a template; the brackets that prettier puts around it become its ends. */
function outer(file, node) {
  if (ts.isParenthesizedExpression(node) && isJsx(node.expression)) {
    const inside = node.expression;
    const before = file.text.slice(node.getStart(file) + 1, inside.getStart(file));
    const after = file.text.slice(inside.getEnd(), node.getEnd() - 1);
    if (before.trim() || after.trim()) return null;
    const text = ts.isJsxFragment(inside) ? dedented(inner(file, inside).trim()) : inner(file, inside).trim();
    return { start: node.getStart(file), end: node.getEnd(), text: `html\`${before}${text}${after}\`` };
  }
  if (!isJsx(node)) return null;
  return { start: node.getStart(file), end: node.getEnd(), text: `html\`${inner(file, node)}\`` };
}

/** A fragment's ends are not written, so what was in it moves out by one step. */
function dedented(text) {
  const [first, ...lines] = text.split("\n");
  if (!lines.every((line) => line === "" || line.startsWith("  "))) return text;
  return [first, ...lines.map((line) => line.slice(2))].join("\n");
}

const rewritten = (file, node) => edited(file, node, (one) => outer(file, one));

function inner(file, node) {
  if (ts.isJsxText(node)) return file.text.slice(node.pos, node.end).replace(/[`\\]/g, "\\$&");
  if (ts.isJsxExpression(node)) return `\${${between(file, node)}}`;
  if (ts.isJsxSelfClosingElement(node)) return opening(file, node);
  const children = node.children.map((child) => inner(file, child)).join("");
  if (ts.isJsxFragment(node)) return children;
  const name = node.openingElement.tagName.getText(file);
  return `${opening(file, node.openingElement)}${children}${isComponent(name) ? "<//>" : `</${name}>`}`;
}

/** What stands between the braces of an expression, comments too. */
function between(file, node) {
  const from = node.getStart(file) + 1;
  const code = node.expression;
  if (!code) return file.text.slice(from, node.getEnd() - 1);
  return file.text.slice(from, code.getStart(file)) + rewritten(file, code) + file.text.slice(code.getEnd(), node.getEnd() - 1);
}

function opening(file, node) {
  const name = node.tagName.getText(file);
  const edits = [{ start: node.tagName.getStart(file), end: node.tagName.getEnd(), text: isComponent(name) ? `\${${name}}` : name }];
  for (const attribute of node.attributes.properties) {
    if (ts.isJsxSpreadAttribute(attribute)) {
      edits.push({ start: attribute.getStart(file), end: attribute.getEnd(), text: `...\${${rewritten(file, attribute.expression)}}` });
    } else if (attribute.initializer && ts.isJsxExpression(attribute.initializer)) {
      const value = attribute.initializer;
      edits.push({ start: value.getStart(file), end: value.getEnd(), text: `\${${between(file, value)}}` });
    }
  }
  return spliced(file.text, node.getStart(file), node.getEnd(), edits);
}

async function files(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const whole = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(entry.name === "vendor" ? [] : await files(whole)));
    else if (/\.(js|css)$/.test(entry.name)) found.push(whole);
  }
  return found.sort();
}

const isCheck = process.argv.includes("--check");
let wrong = 0;
for (const file of await files(ROOT)) {
  const name = path.relative(ROOT, file);
  try {
    const before = await readFile(file, "utf8");
    const after = await formatted(before, name);
    if (after === before) continue;
    wrong += 1;
    if (isCheck) console.error(`${name} is not formatted`);
    else await writeFile(file, after);
  } catch (error) {
    wrong += 1;
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
if (isCheck && wrong) process.exitCode = 1;
