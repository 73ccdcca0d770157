/** Where a request would go, and why: asked of the server, nothing is called. */
import { html, useEffect, useState } from "../../ui.js";
import { post } from "../../api.js";
import { Pill } from "../../widgets/basics.js";
import { Failed } from "../../widgets/states.js";

/** @param {{start?: string}} props the model or group to begin with; it is explained at once */
export function Explain({ start = "" }) {
  const [asked, setAsked] = useState(start);
  const [text, setText] = useState("");
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const ask = async (event) => {
    event?.preventDefault();
    setFailed(null);
    try {
      setFound(await post("/api/groups/explain", questionOf(asked.trim(), text)));
    } catch (error) {
      setFound(null);
      setFailed(error);
    }
  };
  useEffect(() => {
    if (start) ask();
  }, []);
  return html`
    <form class="stack tight" onSubmit=${ask}>
      <div class="line nowrap">
        <input
          class="input"
          aria-label="Model or group"
          placeholder="A model or group, as a caller would ask"
          value=${asked}
          onInput=${(event) => setAsked(event.target.value)}
        />
        <button class="button main" disabled=${!asked.trim()}>
          Explain
        </button>
      </div>
      <textarea
        class="input"
        rows="2"
        aria-label="A sample prompt or request"
        placeholder="A sample prompt, or a whole request as JSON (optional)"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      ></textarea>
      ${failed && html`<${Failed} error=${failed} />`}
      ${found && html`<${Path} found=${found} />`}
    </form>
  `;
}

function questionOf(model, text) {
  if (!text.trim()) return { model };
  try {
    return { model, request: JSON.parse(text) };
  } catch {
    return { model, request: { model, messages: [{ role: "user", content: text }] } };
  }
}

function Path({ found }) {
  return html`
    <div class="stack tight path" role="status">
      <ol class="stack tight">
        ${found.deployments.map((one, n) => html`
          <li key=${one} class="line">
            <${Pill} kind=${n ? "" : "accent"}>${n ? `then ${n + 1}` : "first"}<//> <b>${one}</b>
          </li>
        `)}
      </ol>
      ${found.decision.length > 0 && html`
        <ul class="small muted">
          ${found.decision.map((step, n) => html`
            <li key=${n}>${step}</li>
          `)}
        </ul>
      `}
      ${!found.decision.length && html`
        <p class="small muted">It is named by its own name: there is nothing to decide.</p>
      `}
    </div>
  `;
}
