/** A call's attempts as a waterfall, each with the reason it ended. */
import { html } from "../../ui.js";
import { duration } from "../../format.js";
import { Phases } from "../../widgets/phases.js";
import { Empty } from "../../widgets/states.js";

export function Timeline({ call }) {
  if (!call.attempts.length)
    return html`
      <${Empty} title="No provider was asked">
        The call ended before that: ${call.error_message || "see the facts above"}
      <//>
    `;
  let at = 0;
  const total =
    Math.max(
      call.latency_ms,
      call.attempts.reduce((sum, one) => sum + one.ms, 0),
    ) || 1;
  return html`
    <div>
      ${call.attempts.map((one, n) => {
        const from = at / total;
        at += one.ms;
        return html`
          <div class="attempt" key=${n}>
            <div>
              <b>
                ${one.provider}/${one.model}
              </b>
              <div class="small muted">
                ${one.status || "no answer"} ${one.error} ${one.credential}
              </div>
            </div>
            <div class="track" title=${one.message}>
              <i
                class=${one.error ? "bad" : ""}
                style=${{ left: `${from * 100}%`, width: `${(one.ms / total) * 100}%` }}
              ></i>
            </div>
            <div class="num small">${duration(one.ms)}</div>
            ${one.message && html`
              <p class="small muted" style=${{ gridColumn: "1 / -1" }}>
                ${one.message}
              </p>
            `}
          </div>
        `;
      })}
      <h3 style=${{ margin: "16px 0 8px" }}>Phases</h3>
      <${Phases} first=${call.first_token_ms} total=${call.latency_ms} />
      <p class="small muted" style=${{ marginTop: "8px" }}>
        Waiting ${duration(call.first_token_ms ?? call.latency_ms)}, streaming${" "}
        ${duration(call.first_token_ms === null ? 0 : call.latency_ms - call.first_token_ms)}.
      </p>
    </div>
  `;
}
