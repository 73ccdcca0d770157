/** A guard tried on a text as it stands in the editor: what it finds is marked, and what would become of the call. */
import { html, useEffect, useState } from "../../ui.js";
import { post } from "../../api.js";
import { Failed } from "../../widgets/states.js";
import { given } from "./words.js";

/** @typedef {{start: number, end: number, label: string}} Find */

/** @param {{values: Record<string, any>, name: string | null}} props the editor's; `name` of a guard there is */
export function Try({ values, name }) {
  const [text, setText] = useState("");
  const [isJson, setJson] = useState(false);
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  // What was found by another guard, or in another text, is not shown beside this one.
  const asked = JSON.stringify([values, text, isJson]);
  useEffect(() => {
    setFound(null);
    setFailed(null);
  }, [asked]);
  const run = async (event) => {
    event.preventDefault();
    setFailed(null);
    setBusy(true);
    try {
      setFound(await post("/api/guards/try", { guard: given(values), name, text, json: isJson }));
    } catch (error) {
      setFound(null);
      setFailed(error);
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="stack tight" onSubmit=${run}>
      <h3>Try it</h3>
      <textarea
        class="input"
        rows="3"
        aria-label="A text to try it on"
        placeholder="A text that somebody may send, or a model may answer"
        spellcheck=${false}
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      ></textarea>
      <div class="spread">
        <label class="check">
          <input type="checkbox" checked=${isJson} onChange=${(event) => setJson(event.target.checked)} /> It is
          JSON, as a tool's arguments are
        </label>
        <button class="button" disabled=${busy || !text.trim()}>
          ${busy && values.kind === "webhook" ? "Asking…" : "Try it"}
        </button>
      </div>
      ${failed && html`<${Failed} error=${failed} />`}
      ${found && html`<${Outcome} found=${found} text=${text} values=${values} />`}
    </form>
  `;
}

function Outcome({ found, text, values }) {
  const counts = Object.entries(found.found).map(([label, times]) => `${times} × ${label}`);
  if (!counts.length)
    return html`
      <div class="notice" role="status">
        Nothing is found: it goes on as it is.
      </div>
    `;
  const isChanged = found.text !== null && found.text !== text;
  return html`
    <div class="stack tight" role="status">
      <p class="small muted">Found: ${counts.join(", ")}</p>
      <p class="looked" aria-label="What was found">
        ${pieces(text, found.finds).map(([piece, label], n) =>
          label ? html`
            <mark key=${n} title=${label}>
              ${piece}
              <span class="hidden"> (${label})</span>
            </mark>
          ` : (
            piece
          ),
        )}
      </p>
      <div class=${`notice ${found.blocked ? "bad" : "warn"}`}>
        ${found.blocked
          ? "The call would be refused."
          : isChanged
            ? "It would go on so:"
            : "It would go on as it is, and be put on record."}
      </div>
      ${isChanged && html`
        <p class="looked" aria-label="As it would go on">
          ${found.text}
        </p>
      `}
      ${values.mode === "monitor" && html`
        <p class="small muted">While it only monitors, nothing is done but to put it on record.</p>
      `}
    </div>
  `;
}

/**
 * The text in pieces, each with what was found in it or "". Places count characters, of which some take two here.
 * @param {string} text @param {Find[]} finds @returns {[string, string][]}
 */
function pieces(text, finds) {
  const signs = [...text];
  const found = /** @type {[string, string][]} */ ([]);
  let at = 0;
  for (const { start, end, label } of [...finds].sort((a, b) => a.start - b.start)) {
    if (end <= at) continue;
    if (start > at) found.push([signs.slice(at, start).join(""), ""]);
    found.push([signs.slice(Math.max(at, start), end).join(""), label]);
    at = end;
  }
  if (at < signs.length) found.push([signs.slice(at).join(""), ""]);
  return found;
}
