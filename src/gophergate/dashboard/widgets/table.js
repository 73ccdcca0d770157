/** Tables: a plain one for what fits, a virtualised one for what does not. Arrows walk, Enter opens. */
import { html, isPhone, useRef, useState, useEffect, useCallback } from "../ui.js";
import { Component } from "../vendor/preact.js";

/**
 * `phone: false` leaves a column out where there is no room. `total` is what stands below it in a line of sums: by itself
 * the cell of the total.
 * @typedef {{key: string, head: string, cell: (row: any) => any, num?: boolean, width?: string, sort?: (row: any) => any,
 *   phone?: boolean, total?: string}} Column
 */

/** @param {Column[]} columns */
const roomFor = (columns) => (isPhone.value ? columns.filter((one) => one.phone !== false) : columns);

/**
 * @param {{columns: Column[], rows: any[], rowKey: (row: any) => string, onOpen?: (row: any) => void, selected?: string,
 *   label: string, sort?: string, total?: any}} props `total` is a row that holds the sums of all
 */
export function Table({
  columns: every,
  rows,
  rowKey,
  onOpen,
  selected = "",
  label,
  sort: first = "",
  total = null,
}) {
  const [order, setOrder] = useState(first);
  const columns = roomFor(every);
  const by = every.find((one) => one.key === order.replace(/^-/, ""))?.sort;
  const sorted = by ? [...rows].sort((a, b) => compare(by(a), by(b)) * (order.startsWith("-") ? -1 : 1)) : rows;
  const opens = (row) =>
    onOpen && {
      tabIndex: 0,
      "aria-selected": selected === rowKey(row),
      onClick: (event) => !event.target.closest("a,button,input,select") && onOpen(row),
      onKeyDown: (event) => event.key === "Enter" && event.target.tagName === "TR" && onOpen(row),
    };
  return html`
    <div class="table">
      <table aria-label=${label}>
        <thead>
          <tr>
            ${columns.map((one) => html`
              <${Head} key=${one.key} column=${one} order=${order} onOrder=${setOrder} />
            `)}
          </tr>
        </thead>
        <tbody onKeyDown=${walkRows}>
          ${sorted.map((row) => html`
            <tr key=${rowKey(row)} class=${onOpen ? "opens" : ""} ...${opens(row)}>
              ${columns.map((one) => html`
                <td key=${one.key} class=${one.num ? "num" : ""}>
                  ${one.cell(row)}
                </td>
              `)}
            </tr>
          `)}
        </tbody>
        ${total && html`
          <tfoot>
            <tr>
              ${columns.map((one) => html`
                <td key=${one.key} class=${one.num ? "num" : ""}>
                  ${one.total ?? one.cell(total)}
                </td>
              `)}
            </tr>
          </tfoot>
        `}
      </table>
    </div>
  `;
}

function Head({ column, order, onOrder }) {
  const { key, head, num, sort } = column;
  const isUp = order === key;
  const isDown = order === `-${key}`;
  return html`
    <th scope="col" class=${num ? "num" : ""} aria-sort=${isUp ? "ascending" : isDown ? "descending" : undefined}>
      ${sort ? html`
        <button type="button" onClick=${() => onOrder(isDown ? key : `-${key}`)}>
          ${head}
          ${isUp ? " ↑" : isDown ? " ↓" : ""}
        </button>
      ` : (
        head || html`<span class="hidden">Actions</span>`
      )}
    </th>
  `;
}

function compare(a, b) {
  return a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1 : a < b ? -1 : 1;
}

function walkRows(event) {
  const step =
    event.key === "ArrowDown" ? "nextElementSibling" : event.key === "ArrowUp" ? "previousElementSibling" : "";
  const row = step && event.target.closest("tr");
  if (!row) return;
  event.preventDefault();
  row[step]?.focus();
}

const ROW = 36;
/** Rows that are drawn above and below those in sight. */
const ABOVE = 6;
const BELOW = 10;

/** A row that is drawn again only when something of it is another: scrolling moves many and changes few. */
class Row extends Component {
  shouldComponentUpdate(next) {
    return ["row", "at", "isSelected", "every", "template"].some((name) => next[name] !== this.props[name]);
  }
  render({ row, at, isSelected, columns, template, open }) {
    return html`
      <div
        role="row"
        class="vrow"
        aria-rowindex=${at + 2}
        aria-selected=${isSelected}
        style=${{ top: `${(at + 1) * ROW}px`, gridTemplateColumns: template }}
        onClick=${(event) => !event.target.closest("a,button") && open(row)}
      >
        ${columns.map((one) => html`
          <span key=${one.key} role="gridcell" class=${one.num ? "num" : ""}>
            ${one.cell(row)}
          </span>
        `)}
      </div>
    `;
  }
}

/**
 * A table of any length: only what is seen is drawn. `onEnd` is called when its last rows come into sight. Rows stay as
 * they are drawn for as long as `columns` is the same list.
 * @param {{columns: Column[], rows: any[], rowKey: (row: any) => string, onOpen: (row: any) => void, selected?: string, onEnd?: () => void, height: string, label: string, foot?: any}} props
 */
export function VirtualTable({
  columns: every,
  rows,
  rowKey,
  onOpen,
  selected = "",
  onEnd,
  height,
  label,
  foot = null,
}) {
  const columns = roomFor(every);
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [from, setFrom] = useState(0);
  const [size, setSize] = useState(24);
  const scrolled = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - ABOVE);
    setFrom((was) => (Math.abs(was - first) > 4 || first === 0 ? first : was));
    setSize(Math.ceil(element.clientHeight / ROW) + ABOVE + BELOW);
    if (onEnd && element.scrollTop + element.clientHeight > rows.length * ROW - 600) onEnd();
  }, [rows.length, onEnd]);
  useEffect(() => {
    scrolled();
  }, [scrolled]);
  const template = columns.map((one) => one.width || "minmax(80px, 1fr)").join(" ");
  const opener = useRef(onOpen);
  opener.current = onOpen;
  const open = useCallback((row) => opener.current(row), []);
  const keys = (event) => {
    const at = rows.findIndex((row) => rowKey(row) === selected);
    const step =
      event.key === "ArrowDown" || event.key === "j"
        ? 1
        : event.key === "ArrowUp" || event.key === "k"
          ? -1
          : 0;
    if (!step || !rows.length) return;
    event.preventDefault();
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
    onOpen(next);
  };
  return html`
    <div
      class="virtual"
      style=${{ height }}
      ref=${box}
      onScroll=${scrolled}
      tabIndex="0"
      onKeyDown=${keys}
      role="grid"
      aria-label=${label}
      aria-rowcount=${rows.length + 1}
    >
      <div class="head" role="row" style=${{ gridTemplateColumns: template }}>
        ${columns.map((one) => html`
          <span key=${one.key} role="columnheader" class=${one.num ? "num" : ""}>
            ${one.head}
          </span>
        `)}
      </div>
      <div style=${{ height: `${rows.length * ROW}px` }} role="presentation">
        ${rows.slice(from, from + size).map((row, n) => html`
          <${Row}
            key=${rowKey(row)}
            row=${row}
            at=${from + n}
            isSelected=${selected === rowKey(row)}
            every=${every}
            columns=${columns}
            template=${template}
            open=${open}
          />
        `)}
      </div>
      ${foot}
    </div>
  `;
}
