/** Limits of calls, tokens and concurrency: as fields, and as a line. */
import { html } from "../ui.js";
import { count } from "../format.js";
import { Field, numberOr } from "./form.js";

export const limitsOf = (limits) => {
  const said = [
    limits?.rpm && `${count(limits.rpm)} calls/min`,
    limits?.tpm && `${count(limits.tpm)} tokens/min`,
    limits?.concurrency && `${limits.concurrency} at a time`,
  ].filter(Boolean);
  return said.length ? html`<span class="small">${said.join(", ")}</span>` : html`<span class="faint">none</span>`;
};
export const LimitFields = ({ form }) => html`
  <div class="fields two">
    <${Field} form=${form} name="rpm" kind="number" label="Calls a minute" placeholder="no limit" />
    <${Field} form=${form} name="tpm" kind="number" label="Tokens a minute" placeholder="no limit" />
    <${Field} form=${form} name="concurrency" kind="number" label="Calls at a time" placeholder="no limit" />
  </div>
`;
export const limitsGiven = (values) => ({
  rpm: numberOr(values.rpm),
  tpm: numberOr(values.tpm),
  concurrency: numberOr(values.concurrency),
});
export const limitsKnown = (limits) => ({
  rpm: limits?.rpm ?? "",
  tpm: limits?.tpm ?? "",
  concurrency: limits?.concurrency ?? "",
});
