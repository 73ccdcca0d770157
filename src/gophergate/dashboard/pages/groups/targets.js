/** Targets as rows that can be dragged, or moved with Alt and the arrows; with a weight and a bar of its share. */
import { html, useState } from "../../ui.js";
import { percent } from "../../format.js";
import { Icon } from "../../icons.js";
import { Bar, Button } from "../../widgets/basics.js";

/** @typedef {{model: string, weight?: number|string}} Target */

/**
 * @param {{rows: Target[], onChange: (rows: Target[]) => void, isFixed: boolean, isWeighted?: boolean,
 *   share?: (row: Target) => number}} props
 */
export function TargetRows({ rows, onChange, isFixed, isWeighted = false, share }) {
  const [held, setHeld] = useState(-1);
  const set = (at, change) => onChange(rows.map((row, n) => (n === at ? { ...row, ...change } : row)));
  const move = (from, to) => {
    if (to < 0 || to >= rows.length || from === to) return;
    const next = [...rows];
    next.splice(to, 0, ...next.splice(from, 1));
    onChange(next);
  };
  const over = (n) => {
    if (held < 0 || held === n) return;
    move(held, n);
    setHeld(n);
  };
  return html`
    <ul class="targets">
      ${rows.map((row, n) => html`
        <li
          key=${n}
          class=${held === n ? "held" : ""}
          draggable=${!isFixed && held === n}
          onDragOver=${(event) => event.preventDefault()}
          onDragEnter=${() => over(n)}
          onDragEnd=${() => setHeld(-1)}
        >
          <${Grip}
            name=${row.model}
            isFixed=${isFixed}
            onHold=${() => setHeld(n)}
            onMove=${(step) => move(n, n + step)}
          />
          <input
            class="input"
            list="model-names"
            aria-label="Model or group"
            placeholder="provider/model or a group"
            disabled=${isFixed}
            value=${row.model}
            onInput=${(event) => set(n, { model: event.target.value })}
          />
          ${isWeighted ? html`
            <input
              class="input"
              type="number"
              min="0"
              step="any"
              aria-label=${`Weight of ${row.model}`}
              disabled=${isFixed}
              value=${row.weight}
              onInput=${(event) => set(n, { weight: event.target.value })}
            />
          ` : html`
            <span></span>
          `}
          ${share ? html`
            <div class="line nowrap">
              <${Bar} share=${share(row)} label=${`${row.model}: ${percent(share(row))}`} />
              <span class="small muted figures">${percent(share(row))}</span>
            </div>
          ` : html`
            <span></span>
          `}
          ${!isFixed && html`
            <button
              type="button"
              class="button quiet icon"
              aria-label=${`Take ${row.model || "this row"} away`}
              onClick=${() => onChange(rows.filter((_, at) => at !== n))}
            >
              <${Icon} name="close" />
            </button>
          `}
        </li>
      `)}
    </ul>
    ${!isFixed && html`
      <div>
        <${Button} kind="quiet flush" onClick=${() => onChange([...rows, { model: "", weight: 1 }])}>
          <${Icon} name="plus" />
          Add
        <//>
      </div>
    `}
  `;
}

function Grip({ name, isFixed, onHold, onMove }) {
  const keys = (event) => {
    const step = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : 0;
    if (!step) return;
    event.preventDefault();
    onMove(step);
  };
  return html`
    <button
      type="button"
      class="drag"
      disabled=${isFixed}
      title="Drag, or Alt and the arrow keys"
      aria-label=${`Move ${name || "this row"}`}
      onMouseDown=${onHold}
      onKeyDown=${keys}
    >
      <${Icon} name="grip" />
    </button>
  `;
}
