/** Providers in a row, each with its state and the reason for it. */
import { html } from "../../ui.js";
import { may } from "../../api.js";
import { duration, inWords, percent, plural } from "../../format.js";
import { Empty } from "../../widgets/states.js";

const BAD = 0.5;
const POOR = 0.05;

/** The share of a sum's calls that failed. @param {any} sum */
export const failing = (sum) => (sum?.calls ? (sum.error + sum.timeout) / sum.calls : 0);

/**
 * A provider's state in a colour and a reason.
 * @param {any} row @param {any} sum what it did within the hour @returns {[string, string]}
 */
export function stateOf(row, sum) {
  const [ailment] = row.ailments;
  if (row.state === "broken") return ["bad", row.problem || "out of service"];
  if (row.state === "disabled") return ["", "disabled"];
  if (ailment?.kind === "breaker")
    return ["bad", `breaker ${inWords(ailment.state)}: ${inWords(ailment.reason)}`];
  const share = failing(sum);
  if (share > POOR)
    return [share > BAD ? "bad" : "warn", `${percent(share)} of ${plural(sum.calls, "call")} failed`];
  return ["ok", sum ? `${plural(sum.calls, "call")}, p50 ${duration(sum.latency_ms_p50)}` : "idle"];
}

/** @param {{rows: any[], hour: {data: any}}} props */
export function Health({ rows, hour }) {
  if (!rows.length)
    return html`
      <${Empty}
        title="No provider yet"
        action=${
          may("configure") && html`
            <a class="button main" href="#/providers?open=new">
              Add a provider
            </a>
          `
        }
      >
        The simulator answers without one: serve with <code>--demo</code>.
      <//>
    `;
  const sums = Object.fromEntries((hour.data?.items || []).map((row) => [row.id, row]));
  return html`
    <div class="health">
      ${rows.map((row) => {
        const [kind, reason] = stateOf(row, sums[row.name]);
        return html`
          <a key=${row.name} href=${`#/providers/${encodeURIComponent(row.name)}`}>
            <span class="line nowrap">
              <i class=${`dot ${kind}`}></i>
              <b class="clip">${row.name}</b>
            </span>
            <span class="small muted clip" title=${reason}>
              ${reason}
            </span>
          </a>
        `;
      })}
    </div>
  `;
}
