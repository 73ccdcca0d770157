/** A part of a form that few touch: folded, with how it is now in its heading. */
import { html, useLayoutEffect, useState } from "../ui.js";

/**
 * It opens by itself when one of its fields is wrong.
 * @param {{form: import("./form.js").Form, word: string, names: string[], now: string, children?: any}} props
 */
export function Part({ form, word, names, now, children }) {
  const [isOpen, setOpen] = useState(false);
  const isWrong = names.some((name) => form.wrong[name]);
  useLayoutEffect(() => {
    if (isWrong) setOpen(true);
  }, [isWrong]);
  return html`
    <details class="more part" open=${isOpen} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>
        <b>${word}</b> <span class="small">${now}</span>
      </summary>
      <div class="stack">${children}</div>
    </details>
  `;
}
