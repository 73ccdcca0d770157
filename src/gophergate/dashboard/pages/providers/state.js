/** How a provider is, in a pill and in words: what it was set to, and what calls have taught. */
import { html } from "../../ui.js";
import { inWords } from "../../format.js";
import { Pill, When } from "../../widgets/basics.js";
import { Trial } from "./trial.js";

/** @type {Record<string, [string, string]>} */
const STATES = {
  ok: ["ok", "in service"],
  disabled: ["", "off"],
  failing: ["bad", "failing"],
  broken: ["bad", "out of service"],
};

/** @param {{row: any}} props */
export function StateOf({ row }) {
  const { ailments } = row;
  const [kind, word] = STATES[row.state];
  const open = ailments.filter((one) => one.kind === "breaker").length;
  const cooling = ailments.length - open;
  return html`
    <span class="line nowrap">
      ${!(row.state === "failing" && ailments.length) && html`
        <${Pill} kind=${kind} title=${row.problem || ""}>
          ${word}
        <//>
      `}
      ${open > 0 && html`
        <${Pill} kind="bad" title=${ailments.map((one) => `${one.what}: ${inWords(one.reason)}`).join("\n")}>
          ${open === 1 ? "breaker open" : `${open} breakers open`}
        <//>
      `}
      ${cooling > 0 && html`<${Pill} kind="warn">key cools down<//>`}
    </span>
  `;
}

/** @param {{row: any, tries: boolean}} props `tries`: each model can be tested; one that answers is used again at once */
export const Ailments = ({ row, tries }) => html`
  <ul class="stack tight" aria-label="What ails">
    ${row.ailments.map((one) => html`
      <li key=${one.what} class=${`notice ${one.kind === "breaker" ? "bad" : "warn"}`}>
        <span class="grow">
          <b>${one.what}</b> ${one.kind === "breaker" ? `breaker ${inWords(one.state)}` : "cools down"}:${" "}
          ${inWords(one.reason)}. Tried again <${When} at=${one.until} />.
        </span>
        ${tries && one.kind === "breaker" && html`<${Trial} name=${row.name} of=${one.what.slice(row.name.length + 1)} />`}
      </li>
    `)}
  </ul>
`;
