/** Limits of calls, tokens and concurrency: as fields, and as a line. */
import { html } from "../ui.js";
import { count } from "../format.js";
import { Field, numberOr } from "./form.js";

/** What can be limited: a field's name, how it is said of a number, its label. @type {[string, string, string][]} */
const LIMITS = [
  ["rpm", "calls/min", "Calls a minute"],
  ["tpm", "tokens/min", "Tokens a minute"],
  ["input_tpm", "tokens in/min", "Input tokens a minute"],
  ["output_tpm", "tokens out/min", "Output tokens a minute"],
  ["concurrency", "at a time", "Calls at a time"],
];

export const limitsOf = (limits) => {
  const said = LIMITS.filter(([name]) => limits?.[name]).map(
    ([name, unit]) => `${count(limits[name])} ${unit}`,
  );
  return said.length ? html`
    <span class="small" title=${said.join(", ")}>
      ${said.join(", ")}
    </span>
  ` : html`
    <span class="faint">none</span>
  `;
};
export const LimitFields = ({ form }) => html`
  <div class="fields two">
    ${LIMITS.map(([name, , label]) => html`
      <${Field} key=${name} form=${form} name=${name} kind="number" label=${label} placeholder="no limit" />
    `)}
  </div>
`;
export const limitsGiven = (values) =>
  Object.fromEntries(LIMITS.map(([name]) => [name, numberOr(values[name])]));
export const limitsKnown = (limits) => Object.fromEntries(LIMITS.map(([name]) => [name, limits?.[name] ?? ""]));
