/** Tables: a plain one for what fits, a virtualised one for what does not. Arrows walk, Enter opens. */
import { html, useRef, useState, useEffect, useCallback } from "../ui.js";

/** @typedef {{key: string, head: string, cell: (row: any) => any, num?: boolean, width?: string, sort?: (row: any) => any}} Column */

/** @param {{columns: Column[], rows: any[], rowKey: (row: any) => string, onOpen?: (row: any) => void, selected?: string, label: string, sort?: string}} props */
export function Table({ columns, rows, rowKey, onOpen, selected = "", label, sort: first = "" }) {
  const [order, setOrder] = useState(first);
  const column = columns.find((one) => one.key === order.replace(/^-/, ""));
  const by = column?.sort;
  const sorted = by ? [...rows].sort((a, b) => compare(by(a), by(b)) * (order.startsWith("-") ? -1 : 1)) : rows;
  return html`
    <div class="table">
      <table aria-label=${label}>
        <thead>
          <tr>
            ${columns.map((one) => html`
              <th
                key=${one.key}
                scope="col"
                class=${one.num ? "num" : ""}
                aria-sort=${order === one.key ? "ascending" : order === `-${one.key}` ? "descending" : undefined}
              >
                ${one.sort ? html`
                  <button
                    type="button"
                    onClick=${() => setOrder(order === `-${one.key}` ? one.key : `-${one.key}`)}
                  >
                    ${one.head}
                    ${order === one.key ? " ↑" : order === `-${one.key}` ? " ↓" : ""}
                  </button>
                ` : (
                  one.head || html`<span class="hidden">Actions</span>`
                )}
              </th>
            `)}
          </tr>
        </thead>
        <tbody onKeyDown=${walkRows}>
          ${sorted.map((row) => html`
            <tr
              key=${rowKey(row)}
              class=${onOpen ? "opens" : ""}
              tabIndex=${onOpen ? 0 : undefined}
              aria-selected=${onOpen ? selected === rowKey(row) : undefined}
              onClick=${onOpen && ((event) => !event.target.closest("a,button,input,select") && onOpen(row))}
              onKeyDown=${
                onOpen && ((event) => event.key === "Enter" && event.target.tagName === "TR" && onOpen(row))
              }
            >
              ${columns.map((one) => html`
                <td key=${one.key} class=${one.num ? "num" : ""}>
                  ${one.cell(row)}
                </td>
              `)}
            </tr>
          `)}
        </tbody>
      </table>
    </div>
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
/**
 * A table of any length: only what is seen is drawn. `onEnd` is called when its last rows come into sight.
 * @param {{columns: Column[], rows: any[], rowKey: (row: any) => string, onOpen: (row: any) => void, selected?: string, onEnd?: () => void, height: string, label: string, foot?: any}} props
 */
export function VirtualTable({
  columns,
  rows,
  rowKey,
  onOpen,
  selected = "",
  onEnd,
  height,
  label,
  foot = null,
}) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [from, setFrom] = useState(0);
  const [size, setSize] = useState(40);
  const scrolled = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - 10);
    setFrom((was) => (Math.abs(was - first) > 4 || first === 0 ? first : was));
    setSize(Math.ceil(element.clientHeight / ROW) + 24);
    if (onEnd && element.scrollTop + element.clientHeight > rows.length * ROW - 600) onEnd();
  }, [rows.length, onEnd]);
  useEffect(() => {
    scrolled();
  }, [scrolled]);
  const template = columns.map((one) => one.width || "minmax(80px, 1fr)").join(" ");
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
          <div
            key=${rowKey(row)}
            role="row"
            class="vrow"
            aria-rowindex=${from + n + 2}
            aria-selected=${selected === rowKey(row)}
            style=${{ top: `${(from + n + 1) * ROW}px`, gridTemplateColumns: template }}
            onClick=${(event) => !event.target.closest("a,button") && onOpen(row)}
          >
            ${columns.map((one) => html`
              <span key=${one.key} role="gridcell" class=${one.num ? "num" : ""}>
                ${one.cell(row)}
              </span>
            `)}
          </div>
        `)}
      </div>
      ${foot}
    </div>
  `;
}
