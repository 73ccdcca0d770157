/** A box for JSON: its lines are numbered, what is wrong is marked and leads to its place, Enter keeps the indentation. */
import { html, useRef } from "../../ui.js";
import { offsetOf } from "./json.js";

/** @typedef {import("./json.js").Flaw} Flaw */

const FEWEST_ROWS = 6;
const MOST_ROWS = 22;
const SAID = 5;
/** So many lines stay in sight above the one that is led to. */
const LINES_ABOVE = 4;
const INDENT = "  ";

/**
 * @param {{id: string, label: string, hint: string, value: string, wrong: Flaw[], odd: Flaw[], onChange: (text: string) => void,
 *   children?: any}} props `children` stand beside the label
 */
export function JsonBox({ id, label, hint, value, wrong, odd, onChange, children = null }) {
  const box = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const gutter = useRef(/** @type {HTMLElement|null} */ (null));
  const lines = value.split("\n").length;
  const flaws = [...wrong, ...odd];
  const marks = Object.fromEntries(flaws.map((one, n) => [one.line, n < wrong.length ? "bad" : "odd"]));
  const lead = (place) => {
    const area = box.current;
    if (!area) return;
    const at = offsetOf(value, place);
    area.focus();
    area.setSelectionRange(at, at);
    area.scrollTop = (area.scrollHeight / lines) * (place.line - LINES_ABOVE);
  };
  const keys = (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    event.preventDefault();
    breakLine(event.target);
  };
  return html`
    <div class="field">
      <div class="spread">
        <label for=${id}>${label}</label>
        <div class="line">${children}</div>
      </div>
      <div class=${`jsonbox ${wrong.length ? "bad" : ""}`}>
        <pre class="gutter" ref=${gutter} aria-hidden="true">
          ${Array.from({ length: lines }, (_, n) => html`
            <span key=${n} class=${marks[n + 1] || ""}>
              ${n + 1}
            </span>
          `)}
        </pre>
        <textarea
          id=${id}
          ref=${box}
          class="mono"
          rows=${Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, lines + 1))}
          wrap="off"
          spellcheck="false"
          autocomplete="off"
          autocapitalize="off"
          aria-invalid=${wrong.length ? "true" : undefined}
          aria-describedby=${`${id}-said`}
          value=${value}
          onInput=${(event) => onChange(event.target.value)}
          onKeyDown=${keys}
          onScroll=${(event) => {
            if (gutter.current) gutter.current.scrollTop = event.target.scrollTop;
          }}
        ></textarea>
      </div>
      <ul id=${`${id}-said`} class="flaws" aria-live="polite">
        ${flaws.slice(0, SAID).map((one, n) => html`
          <li key=${n} class=${n < wrong.length ? "wrong" : "odd"}>
            <button type="button" class="link" onClick=${() => lead(one)}>
              Line ${one.line}, column ${one.column}
            </button>
            : ${one.message}
          </li>
        `)}
        ${flaws.length > SAID && html`<li class="odd">And ${flaws.length - SAID} more.</li>`}
        ${!flaws.length && html`<li class="hint">${hint}</li>`}
      </ul>
    </div>
  `;
}

/** A new line as deep as this one; deeper after a bracket that opens, whose closing one then gets a line of its own. */
function breakLine(/** @type {HTMLTextAreaElement} */ area) {
  const before = area.value.slice(0, area.selectionStart);
  const indent = /[^\n]*$/.exec(before)?.[0].match(/^ */)?.[0] ?? "";
  const opens = /[{[]\s*$/.test(before);
  const closes = /^[}\]]/.test(area.value.slice(area.selectionEnd));
  // The browser's own way of typing: what is typed so can be undone.
  document.execCommand("insertText", false, `\n${indent}${opens ? INDENT : ""}`);
  if (!opens || !closes) return;
  const at = area.selectionStart;
  document.execCommand("insertText", false, `\n${indent}`);
  area.setSelectionRange(at, at);
}
