/** The four figures: what they are, how they moved, and what is behind them. */
import { html } from "../../ui.js";
import { change, count, duration, exactly, money, movement, percent } from "../../format.js";
import { host } from "../../socket.js";
import { Spark } from "../../widgets/chart.js";
import { filled } from "../../widgets/range.js";
import { tokensIn } from "../../widgets/ratios.js";
import { Failed } from "../../widgets/states.js";

const failed = (row) => (row ? row.error + row.timeout : 0);
const rate = (row) => (row && row.calls ? failed(row) / row.calls : 0);
/** Below this a change is not worth a colour. */
const NOTABLE = 0.005;

/** @param {{from: {data: any, error: any, reload: () => void}}} props */
export function Figures({ from }) {
  const { data, error, reload } = from;
  if (!data && error)
    return html`
      <div class="span-12">
        <${Failed} error=${error} retry=${reload} />
      </div>
    `;
  if (!data) return [0, 1, 2, 3].map((n) => html`<${Blank} key=${n} />`);
  const { total, previous } = data;
  const { rows } = filled(data);
  // The last step has not ended: drawn, it would look like a fall.
  const ended = rows.length > 2 ? rows.slice(0, -1) : rows;
  const list = (of) => ended.map((row) => (row ? of(row) : 0));
  const running = host.value?.running;
  const tokens = tokensIn(total) + total.output;
  return [
    html`<${Figure}
      key="calls"
      name="Calls"
      value=${total.calls < 1e6 ? exactly(total.calls) : count(total.calls)}
      title=${exactly(total.calls)}
      moved=${change(total.calls, previous?.calls)}
      context=${`${count(tokens)} tokens${running ? `, ${running} running now` : ""}`}
      detail=${`${exactly(tokensIn(total))} in, ${exactly(total.output)} out`}
      values=${list((row) => row.calls)}
    />`,
    html`<${Figure}
      key="errors"
      name="Error rate"
      value=${percent(rate(total))}
      title=${`${exactly(failed(total))} of ${exactly(total.calls)}`}
      points
      isWorse
      moved=${previous?.calls ? rate(total) - rate(previous) : null}
      context=${`${count(failed(total))} failed, ${count(total.refused)} refused`}
      values=${ended.map(rate)}
      color="--series-5"
    />`,
    html`<${Figure}
      key="spend"
      name="Spend"
      value=${money(total.cost)}
      title=${`$${total.cost}`}
      moved=${change(Number(total.cost), Number(previous?.cost))}
      context=${total.unpriced ? `${count(total.unpriced)} calls unpriced` : "every call priced"}
      values=${list((row) => Number(row.cost))}
      color="--series-4"
    />`,
    html`<${Figure}
      key="first"
      name="First token, p50"
      value=${duration(total.first_token_ms_p50)}
      title="Half of all calls are quicker"
      isWorse
      moved=${change(total.first_token_ms_p50, previous?.first_token_ms_p50)}
      context=${`p95 ${duration(total.first_token_ms_p95)}`}
      values=${list((row) => row.first_token_ms_p50)}
      color="--series-2"
    />`,
  ];
}

const Blank = () => html`
  <div class="card figure span-3" role="status" aria-label="Loading">
    <div class="skeleton" style=${{ width: "60%" }}></div>
    <div class="skeleton" style=${{ height: "32px", width: "45%" }}></div>
  </div>
`;

/**
 * @param {{name: string, value: string, title: string, moved: number|null, context: string, values: number[],
 *   detail?: string, color?: string, points?: boolean, isWorse?: boolean}} props
 * `moved` is a share, or with `points` a difference of shares; null when there is nothing to compare with. `isWorse`: more of
 * it is bad, less is good; of what is neither the change has no colour.
 */
function Figure({
  name,
  value,
  title,
  moved,
  context,
  values,
  detail = "",
  color = "--series-1",
  points = false,
  isWorse = false,
}) {
  return html`
    <section class="card figure span-3" aria-label=${name}>
      <h3>${name}</h3>
      <div class="value" title=${title}>
        ${value}
      </div>
      <div class="context">
        ${moved !== null && html`<${Moved} moved=${moved} points=${points} isWorse=${isWorse} />`}
        <span title=${detail || null}>${context}</span>
      </div>
      <${Spark} values=${values} color=${color} />
    </section>
  `;
}

function Moved({ moved, points, isWorse }) {
  const text = points ? `${moved >= 0 ? "+" : "−"}${Math.abs(moved * 100).toFixed(1)} points` : movement(moved);
  const kind = !isWorse || Math.abs(moved) < NOTABLE ? "" : moved < 0 ? "up" : "down";
  return html`
    <span class=${kind} title="Against the period before">
      ${text}
    </span>
  `;
}
