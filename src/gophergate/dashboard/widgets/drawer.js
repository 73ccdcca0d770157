/**
 * Details beside the list. Esc closes it, but leaves a field first that holds something; focus goes in and comes back, and
 * stays where the drawer covers the page; arrows may walk the list, but not away from what was changed and not saved.
 */
import { html, isPhone, useEffect, useRef } from "../ui.js";
import { Icon } from "../icons.js";
import { toast } from "./toasts.js";

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

/** @param {{title: any, onClose: () => void, onBack?: () => void, onWalk?: (step: number) => void, slim?: boolean, footer?: any, children?: any}} props with `onBack` it shows something within what it is about */
export function Drawer({ title, onClose, onBack, onWalk, slim = false, footer = null, children }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    if (!isInDialog(before)) box.current?.focus();
    return () => {
      if (!isInDialog(document.activeElement))
        (before?.isConnected ? before : document.getElementById("main"))?.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const keys = (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key === "Escape" && !event.defaultPrevented) {
        if (typing && event.target.value && box.current?.contains(event.target)) box.current.focus();
        else (onBack || onClose)();
        return;
      }
      if (event.key === "Tab" && isPhone.value && box.current) goRound(box.current, event);
      const step = STEPS[event.key];
      if (!step || !onWalk || typing || event.target.closest('[role="tablist"]')) return;
      event.preventDefault();
      if (box.current?.querySelector("form[data-changed]"))
        toast("What you changed is not saved. Save it, or close this, and the arrows walk on");
      else onWalk(step);
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

/**
 * Whether somebody types into a dialog. Nothing is taken from under them: a drawer may come, and go, late with its page.
 * @param {Element|null} focused
 */
const isInDialog = (focused) => Boolean(focused?.closest('[aria-modal="true"]'));

/** From the last that can have the focus to the first, and back. @param {HTMLElement} box @param {KeyboardEvent} event */
function goRound(box, event) {
  const all = /** @type {HTMLElement[]} */ (
    [...box.querySelectorAll("a[href],button,input,select,textarea,summary,[tabindex='0']")].filter(
      (one) => one instanceof HTMLElement && !one.matches(":disabled,[tabindex='-1']") && one.offsetParent,
    )
  );
  const at = /** @type {any} */ (document.activeElement);
  const isOut = !box.contains(at);
  const [first, last] = [all[0], all[all.length - 1]];
  if (event.shiftKey ? isOut || at === first || at === box : isOut || at === last) {
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }
}
