/** The left side: what runs and what just ended, a line each or merged. */
import { html } from "../../ui.js";
import { count, duration, exactly } from "../../format.js";
import { isPlain, OPERATIONS } from "../../operations.js";
import { outcomeKind, outcomeWord } from "../../widgets/basics.js";
import { keyOf } from "./tally.js";

/**
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./lines.js").Merged} Merged
 * @typedef {import("./feed.js").LiveCall} LiveCall
 */

const callOf = (line) => ("call" in line ? line.call.id : line.newest);

/**
 * @param {{lines: Line[], more: number, at: number, names: Record<string, string>, picked: LiveCall|undefined,
 *   onPick: (id: string) => void}} props `at` is the moment that is shown
 */
export function List({ lines, more, at, names, picked, onPick }) {
  const isPicked = (line) => ("call" in line ? line.key === picked?.id : picked && line.key === keyOf(picked));
  const which = lines.findIndex(isPicked);
  const walk = (event) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    onPick(callOf(lines[Math.max(0, Math.min(lines.length - 1, which + step))]));
  };
  const isMerged = lines.length > 0 && !("call" in lines[0]);
  return html`
    ${isMerged && html`<${Head} />`}
    <ul
      class=${isMerged ? "livelist merged" : "livelist"}
      role="listbox"
      aria-label="Calls"
      tabIndex="0"
      onKeyDown=${walk}
      aria-activedescendant=${which >= 0 ? `live-${which}` : undefined}
    >
      ${lines.map((line, n) => html`
        <li
          key=${line.key}
          id=${`live-${n}`}
          role="option"
          aria-selected=${n === which}
          onClick=${() => onPick(callOf(line))}
        >
          ${"call" in line ? html`
            <${One} call=${line.call} at=${at} names=${names} />
          ` : html`
            <${Several} line=${line} names=${names} />
          `}
        </li>
      `)}
    </ul>
    ${more > 0 && html`<p class="small muted more">${count(more)} more: filter to see them.</p>`}
  `;
}

/** What came of it: tokens, or what was asked for where no tokens come. @param {LiveCall} call */
const madeOf = (call) =>
  !call.output_tokens && isPlain(call.operation)
    ? OPERATIONS[call.operation || ""]
    : `${count(call.output_tokens || 0)} tok`;

/** @param {{call: LiveCall, at: number, names: Record<string, string>}} props */
function One({ call, at, names }) {
  const isRunning = call.ended === undefined;
  return html`
    <i
      class=${`dot ${outcomeKind(call.status)} ${isRunning ? "beats" : ""}`}
      title=${outcomeWord(call.status)}
    ></i>
    <span class="hidden">${outcomeWord(call.status)}</span>
    <span class="clip">${names[call.client_id || ""] || "…"}</span>
    <span class="clip" title=${call.model_requested}>
      ${call.model_requested || "…"}
    </span>
    <span class="num clip">${madeOf(call)}</span>
    <span class="num faint">${duration(isRunning ? at - call.began : call.latency_ms)}</span>
    ${isRunning && html`
      <span
        class="fill"
        style=${{ width: `${Math.min(100, Math.sqrt(call.output_tokens || 0) * 2.5)}%` }}
      ></span>
    `}
  `;
}

const Head = () => html`
  <div class="mergedhead" aria-hidden="true">
    <span></span>
    <span>Client</span>
    <span>Model</span>
    <span class="num">Now</span>
    <span class="num">Last minute</span>
    <span class="num">Failed</span>
    <span class="num">Average</span>
  </div>
`;

/** @param {{line: Merged, names: Record<string, string>}} props */
function Several({ line, names }) {
  const tokens = `${exactly(line.tokens)} tokens`;
  return html`
    <i class=${`dot ${line.failed ? "bad" : line.running ? "accent" : "ok"}`}></i>
    <span class="clip">${names[line.client] || "…"}</span>
    <span class="clip" title=${line.model}>
      ${line.model || "…"}
    </span>
    <span class="num">
      ${line.running || ""}
      <span class="hidden"> running</span>
    </span>
    <b class="num" title=${tokens}>
      ${count(line.ended)} ×<span class="hidden"> within the last minute</span>
    </b>
    <span class=${`num ${line.failed ? "down" : "faint"}`}>
      ${line.failed ? count(line.failed) : "–"}
      <span class="hidden"> failed</span>
    </span>
    <span class="num faint">${line.ended ? duration(line.ms) : "–"}</span>
  `;
}
