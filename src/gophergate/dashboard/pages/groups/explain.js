/** Where a request would go, and why: asked of the server as it stands now; no model is called. */
import { html, useEffect, useState } from "../../ui.js";
import { post } from "../../api.js";
import { count, money } from "../../format.js";
import { Pill } from "../../widgets/basics.js";
import { Failed } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";

/** @type {[string, string][]} */
const DOORS = [
  ["openai_chat", "OpenAI Chat"],
  ["openai_responses", "OpenAI Responses"],
  ["anthropic_messages", "Anthropic Messages"],
  ["gemini", "Gemini"],
  ["ollama", "Ollama"],
];

/**
 * @param {{start?: string, group?: () => any}} props the model or group to begin with; it is explained at once. With `group`
 *   only that one is asked for, as it would be: not at once, and anew after each change of it
 */
export function Explain({ start = "", group }) {
  const [asked, setAsked] = useState(start);
  const [text, setText] = useState("");
  const [door, setDoor] = useState("openai_chat");
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const ask = async (event) => {
    event?.preventDefault();
    setFailed(null);
    try {
      const proposed = group?.();
      const question = questionOf(proposed?.name || asked.trim(), text, door);
      setFound(await post("/api/groups/explain", proposed ? { ...question, groups: [proposed] } : question));
    } catch (error) {
      setFound(null);
      setFailed(error);
    }
  };
  useEffect(() => {
    if (start && !group) ask();
  }, []);
  const state = group && JSON.stringify(group());
  useEffect(() => {
    setFound(null);
    setFailed(null);
  }, [state]);
  return html`
    <form class="stack tight" onSubmit=${ask}>
      <div class="line asks">
        ${!group && html`
          <input
            class="input"
            aria-label="Model or group"
            placeholder="A model or group, as a caller would ask"
            value=${asked}
            onInput=${(event) => setAsked(event.target.value)}
          />
        `}
        <select
          class="input slim"
          aria-label="Asked in the language of"
          onChange=${(event) => setDoor(event.target.value)}
        >
          ${DOORS.map(([key, word]) => html`
            <option key=${key} value=${key} selected=${key === door}>
              ${word}
            </option>
          `)}
        </select>
        <button class=${group ? "button" : "button main"} disabled=${!group && !asked.trim()}>
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

/** What was typed is a request where it is JSON, else what a user says. */
function questionOf(model, text, door) {
  if (!text.trim()) return { model, door };
  try {
    const request = JSON.parse(text);
    if (request && typeof request === "object" && !Array.isArray(request))
      return { model, door, request: { model, ...request } };
  } catch {
    // It is a prompt.
  }
  return { model, request: { model, messages: [{ role: "user", content: text }] } };
}

const COLUMNS = [
  {
    key: "position",
    head: "Tried",
    cell: (row) =>
      row.position === null ? html`
        <${Pill} kind="bad">out<//>
      ` : html`
        <${Pill} kind=${row.position ? "" : "accent"}>${row.position ? `${row.position + 1}.` : "first"}<//>
      `,
  },
  { key: "model", head: "Deployment", cell: (row) => html`<b>${row.model}</b>` },
  { key: "why", head: "Why", cell: (row) => html`<span class="small muted wrap">${row.why}</span>` },
  {
    key: "cost",
    head: "Expected cost",
    num: true,
    phone: false,
    cell: (row) => (row.cost === null ? html`<${Pill} kind="warn">unpriced<//>` : money(row.cost)),
  },
];

function Path({ found }) {
  return html`
    <div class="stack tight path" role="status">
      ${found.decision.length > 0 ? html`
        <ol class="steps-said">
          ${found.decision.map((step, n) => html`
            <li key=${n}>${step}</li>
          `)}
        </ol>
      ` : html`
        <p class="small muted">It is named by its own name: there is nothing to decide.</p>
      `}
      <${Table} label="Candidates" rows=${found.candidates} rowKey=${(row) => row.model} columns=${COLUMNS} />
      <p class="small muted">
        ${count(found.input_tokens)} tokens in, ${count(found.output_tokens)} expected out.
        ${found.assumed.length ? ` Supposed: ${found.assumed.join("; ")}.` : ""}
      </p>
    </div>
  `;
}
