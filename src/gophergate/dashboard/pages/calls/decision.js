/** Why this model: each step of the routing, in words. */
import { html } from "../../ui.js";
import { Pill } from "../../widgets/basics.js";

export function Decision({ call }) {
  return html`
    <div class="stack">
      <ol class="stack tight">
        ${call.decision.map((step, n) => html`
          <li key=${n} class="line nowrap">
            <${Pill}>${n + 1}<//>
            <span>${step}</span>
          </li>
        `)}
      </ol>
      ${!call.decision.length && html`
        <p class="muted">The model was named by its own name; there was nothing to decide.</p>
      `}
      <a href=${`#/groups?model=${encodeURIComponent(call.model_requested)}`}>
        Where would "${call.model_requested}" go now?
      </a>
    </div>
  `;
}
