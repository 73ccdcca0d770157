/** Models beside each other: who is asked, what each answered, how long it took and what it cost. */
import { html } from "../../ui.js";
import { count, duration } from "../../format.js";
import { Button, Money } from "../../widgets/basics.js";
import { Failed } from "../../widgets/states.js";
import { Part } from "../../widgets/turns.js";
import { callsIn } from "./draft.js";
import { Picker } from "./picker.js";
import { Results } from "./results.js";

/** @typedef {{id: number, model: string}} Column */

/**
 * @param {{column: Column, model: string, models: any[], result: import("./ask.js").Result|undefined,
 *   onPick: (model: string) => void, onRemove: (() => void)|null,
 *   onGoOn: (result: import("./ask.js").Result, results: Record<string, string>) => void}} props
 */
export function ColumnBox({ column, model, models, result, onPick, onRemove, onGoOn }) {
  const isAnswered = result?.isDone && !result.error;
  const calls = result && isAnswered ? callsIn(result.parts) : [];
  const parts = result ? result.parts.filter((part) => part.kind !== "tool" || !isAnswered) : [];
  return html`
    <section class="card column" aria-label=${model}>
      <header class="nowrap">
        <${Picker} models=${models} value=${model} onPick=${onPick} />
        ${onRemove && html`
          <${Button} kind="quiet" onClick=${onRemove}>
            Remove
          <//>
        `}
      </header>
      <div class="turn answer" aria-live="polite">
        ${!result && html`<p class="faint">The answer comes here.</p>`}
        ${result?.error && html`<${Failed} error=${new Error(result.error)} />`}
        ${parts.map((part, n) => html`
          <${Part} key=${n} part=${part} />
        `)}
        ${result && calls.length > 0 && html`
          <${Results} name=${String(column.id)} calls=${calls} onSend=${(results) => onGoOn(result, results)} />
        `}
        ${result && !result.parts.length && !result.error && html`
          <p class="faint">${result.isDone ? "Nothing was said." : "Waiting…"}</p>
        `}
      </div>
      ${result && html`
        <footer class="spread">
          <${Figures} result=${result} />
          ${isAnswered && result.parts.length > 0 && !calls.length && html`
            <${Button} kind="quiet flush" title="Go on from this answer" onClick=${() => onGoOn(result, {})}>
              Go on from here
            <//>
          `}
        </footer>
      `}
    </section>
  `;
}

function Figures({ result }) {
  const { usage } = result;
  return html`
    <dl class="tally figures">
      ${result.first > 0 && html`
        <div>
          <dt>First token</dt>
          <dd>${duration(result.first)}</dd>
        </div>
      `}
      <div>
        <dt>Total</dt>
        <dd>${duration(result.ms)}</dd>
      </div>
      ${usage && html`
        <div>
          <dt>In</dt>
          <dd>${count(usage.prompt_tokens)}</dd>
        </div>
        <div>
          <dt>Out</dt>
          <dd>${count(usage.completion_tokens)}</dd>
        </div>
      `}
      ${result.cost !== undefined && html`
        <div>
          <dt>Cost</dt>
          <dd>
            <${Money} value=${result.cost} model=${result.answered} />
          </dd>
        </div>
      `}
      ${result.answered && html`
        <div>
          <dt>Answered by</dt>
          <dd>
            ${result.callId ? html`<a href=${`#/calls/${result.callId}`}>${result.answered}</a>` : result.answered}
          </dd>
        </div>
      `}
    </dl>
  `;
}
