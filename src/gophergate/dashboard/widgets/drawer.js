/** Details beside the list. Esc closes it, focus goes in and comes back, arrows may walk the list. */
import { html, useEffect, useRef } from "../ui.js";
import { Icon } from "../icons.js";

/** @param {{title: any, onClose: () => void, onBack?: () => void, onWalk?: (step: number) => void, slim?: boolean, footer?: any, children?: any}} props with `onBack` it shows something within what it is about */
export function Drawer({ title, onClose, onBack, onWalk, slim = false, footer = null, children }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    box.current?.focus();
    return () => before?.focus?.();
  }, []);
  useEffect(() => {
    const keys = (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        (onBack || onClose)();
        return;
      }
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (onWalk && !typing && !event.target.closest('[role="tablist"]')) {
        if (event.key === "ArrowDown" || event.key === "j") {
          event.preventDefault();
          onWalk(1);
        }
        if (event.key === "ArrowUp" || event.key === "k") {
          event.preventDefault();
          onWalk(-1);
        }
      }
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [onClose, onBack, onWalk]);
  return html`
    <aside
      class=${`drawer ${slim ? "slim" : ""}`}
      ref=${box}
      tabIndex="-1"
      aria-label=${typeof title === "string" ? title : "Details"}
    >
      <header>
        ${onBack && html`
          <button type="button" class="button quiet icon" aria-label="Back" onClick=${onBack}>
            <${Icon} name="fold" />
          </button>
        `}
        <h2 class="clip">${title}</h2>
        <button type="button" class="button quiet icon" aria-label="Close" onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <div class="content">${children}</div>
      ${footer && html`<footer>${footer}</footer>`}
    </aside>
  `;
}
