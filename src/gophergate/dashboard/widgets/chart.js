/** Charts: uPlot for time, plain SVG for a spark. Series differ by dash as well as by colour. */
import { html, useEffect, useRef, useState } from "../ui.js";
import uPlot from "../vendor/uplot.js";
import { token } from "../theme.js";

const DASHES = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

/**
 * @param {{times: number[], series: {label: string, values: (number|null)[], color?: string, fill?: boolean}[], format: (value: any) => string, height?: number, stacked?: boolean, label: string}} props
 * `times` in seconds. With `stacked` the series stand on each other.
 */
export function Chart({ times, series, format, height = 240, stacked = false, label }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [tip, setTip] = useState(/** @type {any} */ (null));
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const again = () => setTheme((n) => n + 1);
    addEventListener("themechange", again);
    return () => removeEventListener("themechange", again);
  }, []);
  useEffect(() => {
    const element = box.current;
    if (!element || !times.length) return;
    const sums = stacked ? stack(series.map((one) => one.values)) : series.map((one) => one.values);
    const axis = {
      stroke: token("--text-3"),
      grid: { stroke: token("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${token("--font")}`,
    };
    const plot = new uPlot(
      {
        width: element.clientWidth || 600,
        height,
        padding: [12, 22, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
        axes: [axis, { ...axis, size: 62, values: (_u, ticks) => ticks.map(format) }],
        series: [
          {},
          ...series.map((one, n) => {
            const color = token(one.color || `--series-${(n % 6) + 1}`);
            return {
              label: one.label,
              stroke: color,
              width: 1.6,
              dash: stacked ? [] : DASHES[n % DASHES.length],
              fill: stacked || one.fill ? translucent(color, stacked ? 0.28 : 0.12) : undefined,
              points: { show: times.length < 3 },
              spanGaps: true,
            };
          }),
        ],
        bands: stacked ? series.slice(1).map((_, n) => ({ series: [n + 2, n + 1] })) : [],
        hooks: {
          setCursor: [
            (u) =>
              setTip(
                u.cursor.idx === null || u.cursor.idx === undefined || (u.cursor.left ?? -1) < 0
                  ? null
                  : { at: u.cursor.idx, left: u.cursor.left, width: u.over.clientWidth },
              ),
          ],
        },
      },
      [times, ...sums],
      element,
    );
    const sized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [times, series, height, stacked, theme]);
  const last = series
    .map((one) => `${one.label}: ${format(one.values.reduce((sum, value) => (sum ?? 0) + (value ?? 0), 0))}`)
    .join(", ");
  return html`
    <div class="chart" style=${{ minHeight: `${height}px` }} role="img" aria-label=${`${label}. ${last}`}>
      <div ref=${box}></div>
      ${tip && html`
        <div
          class="tip"
          style=${{ top: "8px", left: `${Math.min(tip.left + 76, Math.max(0, tip.width - 120))}px` }}
        >
          <div class="faint">
            ${new Date(times[tip.at] * 1000).toLocaleString(undefined, {
              dateStyle: "medium",
              timeStyle: "short",
            })}
          </div>
          ${series.map((one) => html`
            <div class="spread" key=${one.label}>
              <span>${one.label}</span>
              <b class="figures">${format(one.values[tip.at])}</b>
            </div>
          `)}
        </div>
      `}
    </div>
  `;
}

export const Legend = ({ series, stacked = false }) => html`
  <div class="legend">
    ${series.map((one, n) => html`
      <span key=${one.label}>
        <svg viewBox="0 0 22 8" aria-hidden="true">
          <line
            x1="0"
            y1="4"
            x2="22"
            y2="4"
            stroke=${`var(${one.color || `--series-${(n % 6) + 1}`})`}
            stroke-width=${stacked ? 8 : 2.5}
            stroke-dasharray=${stacked ? "" : DASHES[n % DASHES.length].join(" ")}
          />
        </svg>
        ${one.label}
      </span>
    `)}
  </div>
`;

function stack(all) {
  const sums = [];
  let below = all[0]?.map(() => 0) || [];
  for (const values of all) {
    below = values.map((value, n) => (value ?? 0) + below[n]);
    sums.push(below);
  }
  return sums;
}
const translucent = (color, alpha) => color.replace(/\)$/, ` / ${alpha})`);

/** A line without axes; the figure beside it says what it is. */
export function Spark({ values, color = "--series-1" }) {
  if (values.length < 2) return html`<svg class="spark" viewBox="0 0 100 28" aria-hidden="true"></svg>`;
  const most = Math.max(...values.map((value) => value ?? 0)) || 1;
  const points = values.map(
    (value, n) =>
      `${((n / (values.length - 1)) * 100).toFixed(2)},${(26 - ((value ?? 0) / most) * 24).toFixed(2)}`,
  );
  return html`
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <polygon points=${`0,28 ${points.join(" ")} 100,28`} fill=${`var(${color})`} opacity="0.12" />
      <polyline
        points=${points.join(" ")}
        fill="none"
        stroke=${`var(${color})`}
        stroke-width="1.5"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  `;
}
