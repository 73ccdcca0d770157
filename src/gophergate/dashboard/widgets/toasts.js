/** Short messages at the edge: what was done, or why not. */
import { html, signal } from "../ui.js";

const shown = signal(/** @type {{id: number, text: string, kind: string}[]} */ ([]));
let last = 0;

export function toast(text, kind = "") {
  const id = ++last;
  shown.value = [...shown.value.slice(-3), { id, text, kind }];
  setTimeout(
    () => {
      shown.value = shown.value.filter((one) => one.id !== id);
    },
    kind === "bad" ? 8000 : 3500,
  );
}

/** Do something, and say why when it fails. @template T @param {() => Promise<T>} work @returns {Promise<T|undefined>} */
export async function attempt(work, done = "") {
  try {
    const result = await work();
    if (done) toast(done);
    return result;
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "bad");
    return undefined;
  }
}

export const Toasts = () => html`
  <div class="toasts" role="status" aria-live="polite">
    ${shown.value.map((one) => html`
      <div key=${one.id} class=${`toast ${one.kind}`}>
        ${one.text}
      </div>
    `)}
  </div>
`;
