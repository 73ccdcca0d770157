/** A call's phases as a bar: waiting for the first token, then streaming. */
import { html } from "../ui.js";
import { duration } from "../format.js";

/** @param {{first: number|null, total: number}} props milliseconds; `first` is null while nothing came */
export function Phases({ first, total }) {
  const waited = first === null ? total : Math.min(first, total);
  const share = total > 0 ? (waited / total) * 100 : 100;
  const words =
    first === null
      ? `Waiting, ${duration(total)}`
      : `Waiting ${duration(waited)}, then streaming ${duration(total - waited)}`;
  return html`
    <div class="phases" role="img" aria-label=${words} title=${words}>
      <i class="wait" style=${{ width: `${share}%` }}></i>
      <i class="flow"></i>
    </div>
  `;
}
