/** Small things that every page uses. */
import { html, useClock, useLayoutEffect, useRef, useState } from "../ui.js";
import { Icon } from "../icons.js";
import { ago, exactTime, exactly, money, shortId } from "../format.js";
import { toast } from "./toasts.js";

export const Button = ({ kind = "", children, ...rest }) => html`
  <button type="button" class=${`button ${kind}`} ...${rest}>
    ${children}
  </button>
`;

/** Why calls end, in words and in a colour with a meaning. */
const OUTCOMES = {
  ok: ["ok", "OK"],
  error: ["bad", "Error"],
  refused: ["warn", "Refused"],
  timeout: ["bad", "Time-out"],
  client_closed: ["", "Client left"],
  running: ["accent", "Running"],
};
export const Outcome = ({ status }) => {
  const [kind, word] = OUTCOMES[status] || ["", status];
  return html`<span class=${`pill ${kind}`}>${word}</span>`;
};
export const outcomeKind = (status) => (OUTCOMES[status] || [""])[0];
export const outcomeWord = (status) => (OUTCOMES[status] || ["", status])[1];

export const Pill = ({ kind = "", children, title = undefined }) => html`
  <span class=${`pill ${kind}`} title=${title}>
    ${children}
  </span>
`;

export function When({ at }) {
  const now = useClock();
  return at ? html`
    <time dateTime=${at} title=${exactTime(at)}>
      ${ago(at, now)}
    </time>
  ` : html`
    <span class="faint">never</span>
  `;
}

/** Money that may be unpriced. */
export const Money = ({ value, model = "" }) =>
  value === null || value === undefined ? html`
    <a
      class="pill warn"
      href=${`#/models${model ? `/${encodeURIComponent(model)}` : ""}`}
      title="No price is known. Set one."
    >
      unpriced
    </a>
  ` : html`
    <span title=${`$${value}`}>${money(value)}</span>
  `;

export const Count = ({ value, of: format }) => html`<span title=${exactly(value)}>${format(value)}</span>`;

export async function copyText(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard; the old way still works.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(what);
}

/** @param {{text: string|(() => string), label?: string}} props `text` may be made when it is asked for */
export const Copy = ({ text, label = "Copy" }) => html`
  <button
    type="button"
    class="copy"
    title=${label}
    aria-label=${label}
    onClick=${(event) => {
      event.stopPropagation();
      copyText(typeof text === "function" ? text() : text);
    }}
  >
    <${Icon} name="copy" />
  </button>
`;

export const Id = ({ id }) =>
  id ? html`
    <span class="mono small" title=${id}>
      ${shortId(id)}
    </span>
    <${Copy} text=${id} label="Copy the id" />
  ` : html`
    <span class="faint">–</span>
  `;

/** A secret that is shown this once. */
export function Secret({ value, label }) {
  return html`
    <div class="field">
      <span class="label">${label}</span>
      <div class="secret">
        <code>${value}</code>
        <${Button} onClick=${() => copyText(value)}>Copy<//>
      </div>
      <span class="hint">It is shown this once. Keep it where secrets are kept.</span>
    </div>
  `;
}

/** A secret that was just made, until whoever reads it has it. */
export const Made = ({ value, label, onDone }) => html`
  <div class="stack">
    <${Secret} label=${label} value=${value} />
    <div>
      <${Button} kind="main" onClick=${onDone}>
        Done
      <//>
    </div>
  </div>
`;

export function Segments({ options, value, onPick, label }) {
  return html`
    <div class="segments" role="group" aria-label=${label}>
      ${options.map(([key, word]) => html`
        <button type="button" key=${key} aria-pressed=${value === key} onClick=${() => onPick(key)}>
          ${word}
        </button>
      `)}
    </div>
  `;
}

export function Tabs({ options, value, onPick }) {
  const walk = (event) => {
    const at = options.findIndex(([key]) => key === value);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = options[(at + step + options.length) % options.length][0];
    onPick(next);
    requestAnimationFrame(() => event.target.parentElement?.querySelector('[aria-selected="true"]')?.focus());
  };
  return html`
    <div class="tabs" role="tablist" onKeyDown=${walk}>
      ${options.map(([key, word]) => html`
        <button
          type="button"
          role="tab"
          key=${key}
          aria-selected=${value === key}
          tabIndex=${value === key ? 0 : -1}
          onClick=${() => onPick(key)}
        >
          ${word}
        </button>
      `)}
    </div>
  `;
}

/** A share of a whole, with words for whoever sees no colour. */
export const Bar = ({ share, kind = "", label = "" }) => html`
  <div class=${`bar ${kind}`} role="img" aria-label=${label || `${Math.round(share * 100)} percent`}>
    <i style=${{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }}></i>
  </div>
`;

/** A button that asks before it does what cannot be undone. The focus goes to the harmless answer, and comes back. */
export function Sure({ word, question, onSure, kind = "quiet bad" }) {
  const [asking, setAsking] = useState(/** @type {boolean|null} */ (null));
  const next = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    const button = next.current?.querySelector(asking ? "button:last-child" : "button");
    if (asking !== null && button instanceof HTMLElement) button.focus();
  }, [asking]);
  if (!asking)
    return html`
      <span class="sure" ref=${next}>
        <${Button} kind=${kind} onClick=${() => setAsking(true)}>
          ${word}
        <//>
      </span>
    `;
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    setAsking(false);
  };
  return html`
    <span class="line" role="alertdialog" aria-label=${question} ref=${next} onKeyDown=${keys}>
      <span class="small">${question}</span>
      <${Button}
        kind="bad main"
        onClick=${() => {
          setAsking(false);
          onSure();
        }}
      >
        ${word}
      <//>
      <${Button} onClick=${() => setAsking(false)}>Keep<//>
    </span>
  `;
}
