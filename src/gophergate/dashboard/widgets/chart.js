/** Charts: uPlot for time, plain SVG for a spark. Sums are bars, rates are lines; series differ by more than colour. */
import { html, useEffect, useRef, useState } from "../ui.js";
import uPlot from "../vendor/uplot.js";
import { count } from "../format.js";
import { token } from "../theme.js";

const DASHES = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];
const DAY = 86400;
const DAYS = [1, 2, 3, 7, 14, 28, 56].map((days) => days * DAY);
const HOURS = [...[1, 2, 3, 6, 12].map((hours) => hours * 3600), ...DAYS];
/** The width of a digit on an axis, in pixels. */
const DIGIT = 6.6;
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat();

/**
 * @typedef {{label: string, values: (number|null)[], color?: string, fill?: boolean, before?: boolean}} Series
 * `before` marks the period before: a thin dashed line over the others.
 * @typedef {{times: number[], series: Series[], format: (value: any) => string, height?: number, fills?: boolean,
 *   bars?: boolean, label: string}} ChartProps
 * `times` are seconds, evenly apart; with `bars` the series stand on each other; with `fills` it is at least so high, and as
 * high as there is room for.
 */

/** @param {ChartProps} props */
export function Chart({ times, series, format, height = 240, fills = false, bars = false, label }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [tip, setTip] = useState(/** @type {{at: number, left: number, width: number}|null} */ (null));
  const theme = useTheme();
  useEffect(() => {
    const element = box.current;
    if (!element || !times.length) return;
    const { drawn, values } = bars
      ? stacked(series)
      : { drawn: series, values: series.map((one) => one.values) };
    const hovered = (u) => {
      const { idx, left } = u.cursor;
      setTip(
        idx === null || idx === undefined || (left ?? -1) < 0
          ? null
          : { at: idx, left, width: u.over.clientWidth },
      );
    };
    const tall = () => (fills ? Math.max(height, element.clientHeight) : height);
    const plot = new uPlot(
      {
        ...frame(times, format, bars),
        width: element.clientWidth || 600,
        height: tall(),
        series: [{}, ...drawn.map((one, n) => stroke(one, bars ? series.indexOf(one) : n, bars, times.length))],
        hooks: { setCursor: [hovered] },
      },
      /** @type {any} */ ([times, ...values]),
      element,
    );
    const sized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: tall() }));
    sized.observe(element);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [times, series, height, bars, theme]);
  return html`
    <div
      class=${fills ? "chart fills" : "chart"}
      style=${{ minHeight: `${height}px` }}
      role="img"
      aria-label=${`${label}. ${spoken(series, format, bars)}`}
    >
      <div ref=${box}></div>
      ${tip && html`<${Tip} tip=${tip} times=${times} series=${series} format=${format} />`}
    </div>
  `;
}

function Tip({ tip, times, series, format }) {
  const isRight = tip.left > tip.width / 2;
  const place = isRight ? { right: `${tip.width - tip.left + 32}px` } : { left: `${tip.left + 76}px` };
  return html`
    <div class="tip" style=${{ top: "8px", ...place }}>
      <div class="faint">${moment(times[tip.at], stepOf(times))}</div>
      ${series.map((one) => html`
        <div class="spread" key=${one.label}>
          <span>${one.label}</span>
          <b class="figures">${format(one.values[tip.at])}</b>
        </div>
      `)}
    </div>
  `;
}

function useTheme() {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const again = () => setTheme((n) => n + 1);
    addEventListener("themechange", again);
    return () => removeEventListener("themechange", again);
  }, []);
  return theme;
}

const stepOf = (times) => (times.length > 1 ? times[1] - times[0] : 3600);
/** Days are days of UTC, so they are named there; hours are the viewer's. */
const zoneOf = (step) => (step >= DAY ? "UTC" : undefined);
const dayName = (at, step) =>
  new Date(at * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: zoneOf(step) });
const hourName = (at) =>
  new Date(at * 1000).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });

function moment(at, step) {
  if (step >= DAY)
    return `${new Date(at * 1000).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" })}, UTC`;
  return new Date(at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** Axes, scales and cursor. */
function frame(times, format, bars) {
  const step = stepOf(times);
  const axis = {
    stroke: token("--text-3"),
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${token("--font")}`,
  };
  const names = (_u, ticks, _axis, _space, every) =>
    ticks.map((at) =>
      every >= DAY || new Date(at * 1000).getHours() === 0 ? dayName(at, step) : hourName(at),
    );
  const half = bars ? step / 2 : 0;
  return {
    padding: /** @type {[number, number, number, number]} */ ([12, 12, 0, 0]),
    legend: { show: false },
    cursor: { y: false, points: { show: !bars, size: 6 } },
    tzDate: (at) => (step >= DAY ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000)),
    scales: {
      x: { time: true, range: /** @type {any} */ ((_u, min, max) => [min - half, max + half]) },
      y: { range: /** @type {any} */ ((_u, _min, max) => [0, max > 0 ? max * 1.08 : 1]) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 64, incrs: step >= DAY ? DAYS : HOURS, values: names },
      {
        ...axis,
        size: (_u, shown) => Math.max(56, 14 + DIGIT * Math.max(...(shown || [""]).map((one) => one.length))),
        values: (_u, ticks) => ticks.map(format),
        ...(format === count ? { incrs: WHOLE } : {}),
      },
    ],
  };
}

/** How one series is drawn. `n` is its place among the colours. @param {Series} one */
function stroke(one, n, bars, length) {
  const color = token(one.before ? "--text-3" : one.color || `--series-${(n % 6) + 1}`);
  const line = { label: one.label, stroke: color, points: { show: length < 3 }, spanGaps: true };
  if (one.before) return { ...line, width: 1.4, dash: [3, 3] };
  if (bars)
    return {
      ...line,
      width: 0,
      fill: color,
      points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.72, 48] }),
    };
  return {
    ...line,
    width: 1.6,
    dash: DASHES[n % DASHES.length],
    fill: one.fill ? translucent(color, 0.12) : undefined,
  };
}

/** Bars on each other: the tallest sum is drawn first, and the next stands before it. @param {Series[]} series */
function stacked(series) {
  const piled = series.filter((one) => !one.before);
  const sums = [];
  let below = /** @type {number[]} */ (piled[0]?.values.map(() => 0) || []);
  for (const { values } of piled) {
    below = values.map((value, n) => (value ?? 0) + below[n]);
    sums.push(below);
  }
  const before = series.filter((one) => one.before);
  return {
    drawn: [...piled.reverse(), ...before],
    values: [...sums.reverse(), ...before.map((one) => one.values)],
  };
}

/** What a chart says to whoever does not see it: the sums of bars, the newest of lines. */
function spoken(series, format, bars) {
  const said = (values) =>
    bars
      ? values.reduce((sum, value) => sum + (value ?? 0), 0)
      : (values.findLast((value) => value !== null) ?? null);
  return series.map((one) => `${one.label}: ${format(said(one.values))}`).join(", ");
}

const translucent = (color, alpha) => color.replace(/\)$/, ` / ${alpha})`);

/** @param {{series: Pick<Series, "label"|"color"|"before">[], bars?: boolean}} props */
export const Legend = ({ series, bars = false }) => html`
  <div class="legend">
    ${series.map((one, n) => html`
      <span key=${one.label}>
        <svg viewBox="0 0 22 8" aria-hidden="true">
          <line
            x1="0"
            y1="4"
            x2="22"
            y2="4"
            stroke=${`var(${one.before ? "--text-3" : one.color || `--series-${(n % 6) + 1}`})`}
            stroke-width=${bars && !one.before ? 8 : 2.5}
            stroke-dasharray=${one.before ? "3 3" : bars ? "" : DASHES[n % DASHES.length].join(" ")}
          />
        </svg>
        ${one.label}
      </span>
    `)}
  </div>
`;

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
