/** What few do: a button that a form opens in the place of. The focus goes into it, and comes back. */
import { html, useLayoutEffect, useRef, useState } from "../ui.js";
import { Button } from "./basics.js";

/** @param {{word: string, legend: string, children: (close: () => void) => any}} props */
export function Folded({ word, legend, children }) {
  const [isOpen, setOpen] = useState(/** @type {boolean|null} */ (null));
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    const first = isOpen !== null && box.current?.querySelector("input,select,textarea,button");
    if (first instanceof HTMLElement) first.focus();
  }, [isOpen]);
  if (!isOpen)
    return html`
      <div ref=${box}>
        <${Button} onClick=${() => setOpen(true)}>${word}<//>
      </div>
    `;
  return html`
    <fieldset ref=${box}>
      <legend>${legend}</legend>
      ${children(() => setOpen(false))}
    </fieldset>
  `;
}
