/** The right side: one call, read as it is written. */
import { html, useEffect, useRef } from "../../ui.js";
import { may, post } from "../../api.js";
import { count, duration } from "../../format.js";
import { Button, Money, Outcome } from "../../widgets/basics.js";
import { isPlain, OPERATIONS } from "../../operations.js";
import { Phases } from "../../widgets/phases.js";
import { attempt } from "../../widgets/toasts.js";
import { Part, TurnBox } from "../../widgets/turns.js";

/** @param {{call: import("./feed.js").LiveCall, at: number, names: Record<string, string>}} props */
export function Watched({ call, at, names }) {
  const end = useRef(/** @type {HTMLElement|null} */ (null));
  const isRunning = call.ended === undefined;
  useEffect(() => {
    if (isRunning) end.current?.scrollIntoView({ block: "nearest" });
  }, [call.size]);
  return html`
    <header class="watched spread">
      <div class="line">
        <${Outcome} status=${call.status} />
        <b class="clip">${call.model_requested}</b>
        ${call.model && html`
          <span class="muted small">
            → ${call.provider}/${call.model}
          </span>
        `}
      </div>
      <div class="line">
        ${isRunning && may("edit") && html`
          <${Button}
            kind="bad"
            onClick=${() => attempt(() => post(`/api/calls/${call.id}/stop`), "The call was stopped")}
          >
            Stop this call
          <//>
        `}
        ${!isRunning && html`
          <a class="button" href=${`#/calls/${call.id}`}>
            Open
          </a>
        `}
      </div>
    </header>
    <div class="stack body">
      <${Course} call=${call} at=${at} client=${names[call.client_id || ""] || ""} />
      ${call.error_message && html`<div class="notice bad">${call.error_message}</div>`}
      <div class="turns">
        ${call.prompt !== undefined && html`
          <${TurnBox} role="user" parts=${call.prompt ? [{ kind: "text", text: call.prompt }] : []} />
        `}
        ${call.parts.length ? html`
          <section class="turn">
            <h3>
              <span>answer</span>
              <span class="faint">${call.finish_reason || ""}</span>
            </h3>
            ${call.parts.map((part, n) => html`
              <${Part} key=${n} part=${part} />
            `)}
          </section>
        ` : html`
          <p class="faint">${silence(isRunning)}</p>
        `}
      </div>
      <span ref=${end}></span>
    </div>
  `;
}

function silence(isRunning) {
  if (!may("bodies")) return "Your role does not read what is said.";
  return isRunning ? "Nothing was said yet." : "It began before you watched, or nothing was said.";
}

/** How far it is, in a bar and in words. */
function Course({ call, at, client }) {
  const isRunning = call.ended === undefined;
  const elapsed = isRunning ? at - call.began : call.latency_ms;
  const first = call.first_token_ms ?? null;
  const of = isPlain(call.operation) ? OPERATIONS[call.operation || ""] : "";
  const piece = of ? "piece" : "token";
  const facts = [
    client,
    of,
    first === null
      ? isRunning
        ? `waiting for the first ${piece}`
        : `no ${piece} came`
      : `first ${piece} after ${duration(first)}`,
    `${duration(elapsed)}${isRunning ? " so far" : " in all"}`,
    of && !call.output_tokens ? "" : `${count(call.output_tokens || 0)} tokens`,
  ];
  return html`
    <div class="stack tight">
      <${Phases} first=${first} total=${elapsed} />
      <p class="small muted figures">
        ${facts.filter(Boolean).join(" · ")}
        ${!isRunning && call.usage && html`
          ${" "}
          · <${Money} value=${call.cost} />
        `}
      </p>
    </div>
  `;
}
