/** Which model: searched by name, by what it can do, and by what it costs. */
import { html, useEffect, useRef, useState } from "../../ui.js";
import { Pill } from "../../widgets/basics.js";
import { able, ABILITIES, contextWords } from "../../widgets/abilities.js";

const MOST = 60;
const cost = (row) => (row.price ? Number(row.price.input) + Number(row.price.output) : Infinity);

/** @param {{models: any[], value: string, onPick: (model: string) => void}} props */
export function Picker({ models, value, onPick }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const chosen = models.find((row) => row.name === value);
  useEffect(() => {
    if (!isOpen) return;
    const away = (event) => !box.current?.contains(event.target) && setOpen(false);
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    /** @type {HTMLElement|null|undefined} */ (box.current?.querySelector(".picked"))?.focus();
  };
  const pick = (model) => {
    onPick(model);
    close();
  };
  return html`
    <div class="picker grow" ref=${box}>
      <button
        type="button"
        class="button picked"
        aria-haspopup="dialog"
        aria-expanded=${isOpen}
        aria-label=${`Model: ${value}`}
        onClick=${() => setOpen(!isOpen)}
      >
        <b class="clip">${value}</b>
        <span class="small muted figures">${priceWords(chosen)}</span>
      </button>
      ${isOpen && html`<${Search} models=${models} value=${value} onPick=${pick} onClose=${close} />`}
    </div>
  `;
}

function Search({ models, value, onPick, onClose }) {
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState(/** @type {string[]} */ ([]));
  const [isCheap, setCheap] = useState(false);
  const [at, setAt] = useState(0);
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => input.current?.focus(), []);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = models
    .filter((row) => row.enabled && words.every((word) => row.name.toLowerCase().includes(word)))
    .filter((row) => wanted.every((ability) => able(row, ability)));
  if (isCheap) found.sort((a, b) => cost(a) - cost(b));
  const shown = found.slice(0, MOST);
  const typed = text.trim();
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(shown.length - 1, at + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown[at] || typed) onPick(shown[at]?.name ?? typed);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
  };
  const toggle = (ability) => {
    setAt(0);
    setWanted(wanted.includes(ability) ? wanted.filter((one) => one !== ability) : [...wanted, ability]);
  };
  return html`
    <div class="popover" role="dialog" aria-label="Choose a model" onKeyDown=${keys}>
      <input
        ref=${input}
        class="input"
        type="search"
        role="combobox"
        aria-expanded="true"
        aria-controls="picker-list"
        aria-label="Search models"
        placeholder="Search models"
        value=${text}
        aria-activedescendant=${shown.length ? `picker-${at}` : undefined}
        onInput=${(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      <div class="chips" role="group" aria-label="Only models that">
        ${ABILITIES.map(([ability, word]) => html`
          <button
            type="button"
            key=${ability}
            class="chip"
            aria-pressed=${wanted.includes(ability)}
            onClick=${() => toggle(ability)}
          >
            ${word}
          </button>
        `)}
        <button type="button" class="chip" aria-pressed=${isCheap} onClick=${() => setCheap(!isCheap)}>
          Cheapest first
        </button>
      </div>
      <ul id="picker-list" role="listbox" aria-label="Models">
        ${shown.map((row, n) => html`
          <li
            key=${row.name}
            id=${`picker-${n}`}
            role="option"
            aria-selected=${n === at}
            aria-current=${row.name === value ? "true" : undefined}
            onMouseEnter=${() => setAt(n)}
            onClick=${() => onPick(row.name)}
          >
            <span class="clip">${row.name}</span>
            <span class="small muted figures">
              ${row.is_group ? html`
                <${Pill} kind="accent">group<//>
              ` : (
                [contextWords(row), priceWords(row)].filter(Boolean).join(" · ")
              )}
            </span>
          </li>
        `)}
        ${!shown.length && html`
          <li class="muted" role="option" aria-selected="false">
            ${typed ? `No model fits. Enter asks for "${typed}" all the same.` : "No model fits."}
          </li>
        `}
      </ul>
      ${found.length > MOST && html`<p class="small muted">${found.length - MOST} more: type to find them.</p>`}
    </div>
  `;
}

/** @param {any} row */
function priceWords(row) {
  if (!row || row.is_group) return "";
  return row.price ? `$${row.price.input} / $${row.price.output}` : "unpriced";
}
