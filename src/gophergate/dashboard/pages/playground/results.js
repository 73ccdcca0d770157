/** What a model's calls came to: typed here by whoever plays the tools, and sent back as the next turn. */
import { html, useState } from "../../ui.js";
import { Part } from "../../widgets/turns.js";

/** @param {{name: string, calls: import("./draft.js").Call[], onSend: (results: Record<string, string>) => void}} props */
export function Results({ name, calls, onSend }) {
  const [said, setSaid] = useState(/** @type {Record<string, string>} */ ({}));
  const send = () => onSend(said);
  return html`
    <form
      class="stack results"
      onSubmit=${(event) => {
        event.preventDefault();
        send();
      }}
    >
      ${calls.map((call) => html`
        <div key=${call.id} class="field">
          <${Part} part=${{ kind: "tool", ...call }} />
          <label for=${`result-${name}-${call.id}`}>Result of ${call.name || "the tool"}</label>
          <textarea
            id=${`result-${name}-${call.id}`}
            class="input mono short"
            rows="2"
            placeholder=${'{"…": "…"} or plain text'}
            value=${said[call.id] || ""}
            onInput=${(event) => setSaid({ ...said, [call.id]: event.target.value })}
            onKeyDown=${(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send()}
          ></textarea>
        </div>
      `)}
      <div>
        <button class="button main">${calls.length > 1 ? "Send the results" : "Send the result"}</button>
      </div>
    </form>
  `;
}
