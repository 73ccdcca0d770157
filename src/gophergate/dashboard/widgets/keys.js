/** What the keyboard does, on "?". */
import { html, signal, useEffect, useRef } from "../ui.js";
import { Button } from "./basics.js";

export const isShown = signal(false);

/** @type {[string, string][]} */
const KEYS = [
  ["Ctrl K", "Go anywhere: a page, a provider, a client, a call"],
  ["/", "Search on this page"],
  ["↑ ↓ or j k", "Walk a list, and the details beside it"],
  ["Enter", "Open what is selected"],
  ["Esc", "Close what is open"],
  ["Ctrl Enter", "Ask, in the playground"],
  ["Alt ↑ ↓", "Move a target of a group"],
  ["?", "This list"],
];

export function Keys() {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const shown = isShown.value;
  useEffect(() => {
    if (!shown) return;
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    box.current?.querySelector("button")?.focus();
    return () => before?.focus?.();
  }, [shown]);
  if (!shown) return null;
  const close = () => (isShown.value = false);
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return html`
    <div class="veil" onClick=${(event) => event.target === event.currentTarget && close()} onKeyDown=${keys}>
      <div class="dialog" role="dialog" aria-modal="true" aria-label="Keys" ref=${box}>
        <div class="content">
          <h2>Keys</h2>
          <dl class="pairs">
            ${KEYS.map(([key, word]) => html`
              <dt key=${key}>
                <kbd>${key}</kbd>
              </dt>
              <dd>${word}</dd>
            `)}
          </dl>
        </div>
        <footer>
          <${Button} onClick=${close}>Close<//>
        </footer>
      </div>
    </div>
  `;
}
