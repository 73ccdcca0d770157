/** What few touch: how often and how long it is tried, and what becomes of an answer nobody waits for. */
import { html } from "../../ui.js";
import { Field, numberOr } from "../../widgets/form.js";
import { Part } from "../../widgets/part.js";

/** @type {[string, string, string][]} member, label, placeholder */
const NUMBERS = [
  ["retries", "Tries of one target", "its own"],
  ["retry_deadline", "Seconds for all tries", "its own"],
  ["hedge_after", "Ask a second after, ms", "never"],
  ["wait", "Wait for a free target, s", "not at all"],
];
/** @type {[string, string][]} */
const TIMES = [
  ["connect", "Connect, s"],
  ["first_byte", "First byte, s"],
  ["idle", "Silence, s"],
  ["total", "In all, s"],
];
/** @type {[string, string][]} */
const STICKY = [
  ["auto", "whatever says it best"],
  ["session", "the session"],
  ["user", "the user"],
  ["prompt", "how the prompt begins"],
];

const TIMED = TIMES.map(([name]) => `timeouts.${name}`);
const NAMES = [...NUMBERS.map(([name]) => name), ...TIMED, "sticky_by", "continue_streams"];

/** A group's tuning as fields hold it. */
export const tuningKnown = (group) => ({
  ...Object.fromEntries(NUMBERS.map(([name]) => [name, group[name] ?? ""])),
  ...Object.fromEntries(TIMES.map(([name]) => [`timeouts.${name}`, group.timeouts?.[name] ?? ""])),
  sticky_by: group.sticky_by || "auto",
  continue_streams: Boolean(group.continue_streams),
});

/** The members to save. */
export function tuningGiven(values) {
  const times = Object.fromEntries(TIMES.map(([name]) => [name, numberOr(values[`timeouts.${name}`])]));
  const isTimed = Object.values(times).some((value) => value !== null);
  return {
    ...Object.fromEntries(NUMBERS.map(([name]) => [name, numberOr(values[name])])),
    timeouts: isTimed ? times : null,
    sticky_by: values.sticky_by,
    continue_streams: values.continue_streams,
  };
}

/** @param {{form: import("../../widgets/form.js").Form, isFixed: boolean}} props */
export function Tuning({ form, isFixed }) {
  const number = (name, label, placeholder) => html`
    <${Field}
      key=${name}
      form=${form}
      name=${name}
      kind="number"
      label=${label}
      placeholder=${placeholder}
      disabled=${isFixed}
    />
  `;
  const set = [...NUMBERS.map(([name]) => name), ...TIMED].filter((name) => form.values[name] !== "");
  return html`
    <${Part}
      form=${form}
      word="Retries, time-outs, hedging"
      names=${NAMES}
      now=${set.length ? `${set.length} set here` : "as each provider has it"}
    >
      <div class="fields two">
        ${NUMBERS.map(([name, label, hint]) => number(name, label, hint))}
        ${TIMES.map(([name, label]) => number(`timeouts.${name}`, label, "the provider's"))}
      </div>
      ${form.values.strategy === "sticky" && html`
        <${Field}
          form=${form}
          name="sticky_by"
          kind="select"
          label="Stays for"
          options=${STICKY}
          disabled=${isFixed}
        />
      `}
      <${Field}
        form=${form}
        name="continue_streams"
        kind="check"
        label="Continue a broken stream with another target, marked as such"
        disabled=${isFixed}
      />
    <//>
  `;
}
