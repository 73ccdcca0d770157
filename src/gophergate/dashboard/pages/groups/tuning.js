/** What few touch: how often and how long it is tried, and what becomes of an answer nobody waits for. */
import { html } from "../../ui.js";
import { numberOr } from "../../widgets/form.js";

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

/** A group's tuning as fields hold it. */
export function tuningKnown(group) {
  const numbers = Object.fromEntries(NUMBERS.map(([name]) => [name, group[name] ?? ""]));
  const times = Object.fromEntries(TIMES.map(([name]) => [name, group.timeouts?.[name] ?? ""]));
  return {
    ...numbers,
    timeouts: times,
    sticky_by: group.sticky_by || "auto",
    continue_streams: Boolean(group.continue_streams),
  };
}

/** The members to save. */
export function tuningGiven(tuning) {
  const times = Object.fromEntries(
    Object.entries(tuning.timeouts).map(([name, value]) => [name, numberOr(value)]),
  );
  const numbers = Object.fromEntries(NUMBERS.map(([name]) => [name, numberOr(tuning[name])]));
  const isTimed = Object.values(times).some((value) => value !== null);
  return {
    ...numbers,
    timeouts: isTimed ? times : null,
    sticky_by: tuning.sticky_by,
    continue_streams: tuning.continue_streams,
  };
}

/** @param {{value: any, onChange: (value: any) => void, strategy: string, isFixed: boolean}} props */
export function Tuning({ value, onChange, strategy, isFixed }) {
  const number = (name, label, hint, now, set) => html`
    <div class="field" key=${name}>
      <label for=${`tuning-${name}`}>${label}</label>
      <input
        id=${`tuning-${name}`}
        class="input"
        type="number"
        min="0"
        step="any"
        disabled=${isFixed}
        placeholder=${hint}
        value=${now}
        onInput=${(event) => set(event.target.value)}
      />
    </div>
  `;
  return html`
    <details class="more">
      <summary>Retries, time-outs, hedging</summary>
      <div class="stack">
        <div class="fields two">
          ${NUMBERS.map(([name, label, hint]) =>
            number(name, label, hint, value[name], (text) => onChange({ ...value, [name]: text })),
          )}
          ${TIMES.map(([name, label]) =>
            number(name, label, "the provider's", value.timeouts[name], (text) =>
              onChange({ ...value, timeouts: { ...value.timeouts, [name]: text } }),
            ),
          )}
        </div>
        ${strategy === "sticky" && html`
          <div class="field">
            <label for="tuning-sticky">Stays for</label>
            <select
              id="tuning-sticky"
              class="input"
              disabled=${isFixed}
              onChange=${(event) => onChange({ ...value, sticky_by: event.target.value })}
            >
              ${STICKY.map(([key, word]) => html`
                <option key=${key} value=${key} selected=${key === value.sticky_by}>
                  ${word}
                </option>
              `)}
            </select>
          </div>
        `}
        <label class="check">
          <input
            type="checkbox"
            disabled=${isFixed}
            checked=${value.continue_streams}
            onChange=${(event) => onChange({ ...value, continue_streams: event.target.checked })}
          />${" "}
          Continue a broken stream with another target, marked as such
        </label>
      </div>
    </details>
  `;
}
