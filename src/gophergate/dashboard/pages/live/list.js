/** The left side: what runs and what just ended, a line each. */
import { html } from "../../ui.js";
import { count, duration } from "../../format.js";
import { drawn } from "./feed.js";
import { outcomeKind, outcomeWord } from "../../widgets/basics.js";

/**
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./lines.js").Merged} Merged
 * @typedef {import("./feed.js").LiveCall} LiveCall
 */

const callOf = (line) => ("call" in line ? line.call.id : line.newest);

/** @param {{lines: Line[], names: Record<string, string>, picked: string, onPick: (id: string) => void}} props */
export function List({ lines, names, picked, onPick }) {
  const at = lines.findIndex((line) => callOf(line) === picked);
  const walk = (event) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    onPick(callOf(lines[Math.max(0, Math.min(lines.length - 1, at + step))]));
  };
  return html`
    <ul
      class="livelist"
      role="listbox"
      aria-label="Calls"
      tabIndex="0"
      onKeyDown=${walk}
      aria-activedescendant=${at >= 0 ? `live-${at}` : undefined}
    >
      ${lines.map((line, n) => html`
        <li
          key=${line.key}
          id=${`live-${n}`}
          role="option"
          aria-selected=${n === at}
          onClick=${() => onPick(callOf(line))}
        >
          ${"call" in line ? html`<${One} call=${line.call} names=${names} />` : html`<${Several} line=${line} names=${names} />`}
        </li>
      `)}
    </ul>
  `;
}

/** @param {{call: LiveCall, names: Record<string, string>}} props */
function One({ call, names }) {
  drawn.value; // A call grows in place: its props alone would not show it.
  const isRunning = call.status === "running";
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
    <span class="num">${count(call.output_tokens || 0)} tok</span>
    <span class="num faint">${duration(isRunning ? performance.now() - call.began : call.latency_ms)}</span>
    ${isRunning && html`
      <span
        class="fill"
        style=${{ width: `${Math.min(100, Math.sqrt(call.output_tokens || 0) * 2.5)}%` }}
      ></span>
    `}
  `;
}

/** @param {{line: Merged, names: Record<string, string>}} props */
function Several({ line, names }) {
  const isRunning = line.status === "running";
  return html`
    <i class=${`dot ${outcomeKind(line.status)}`} title=${outcomeWord(line.status)}></i>
    <span class="hidden">${outcomeWord(line.status)}</span>
    <span class="clip">${names[line.client] || "…"}</span>
    <span class="line nowrap">
      <span class="clip" title=${line.model}>
        ${line.model}
      </span>
      <b
        class="pill figures"
        title=${isRunning ? "Calls that run" : "Calls that ended within the last minute"}
      >
        ${count(line.count)} ×
      </b>
    </span>
    <span class="num">${count(line.tokens)} tok</span>
    <span class="num faint" title="On average">
      ${duration(line.ms)}
    </span>
  `;
}
