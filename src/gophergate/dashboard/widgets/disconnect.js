/** What becomes of an answer whose client has left: as fields, and as the API has it. */
import { html } from "../ui.js";
import { Field } from "./form.js";

/** @type {[string, string][]} */
const POLICIES = [
  ["cancel", "Close the connection"],
  ["drain", "Read on for a while, so that its usage is known"],
  ["finish", "Read it to the end"],
];
const MEMBERS = ["policy", "seconds", "tokens"];
/** The fields' names. */
export const DISCONNECT = MEMBERS.map((name) => `disconnect.${name}`);

export const disconnectKnown = (disconnect) =>
  Object.fromEntries(MEMBERS.map((name) => [`disconnect.${name}`, disconnect?.[name] ?? ""]));

/** What the API is given: what is empty is left out; null where nothing is said. */
export function disconnectGiven(values) {
  const policy = values["disconnect.policy"];
  if (!policy) return null;
  const numbers = MEMBERS.slice(1).filter((name) => values[`disconnect.${name}`] !== "");
  return { policy, ...Object.fromEntries(numbers.map((name) => [name, Number(values[`disconnect.${name}`])])) };
}

/** What is chosen, within a sentence. */
export const disconnectWord = (values, unset = "") =>
  (POLICIES.find(([policy]) => policy === values["disconnect.policy"]) || ["", unset])[1].toLowerCase();

/** @param {{form: import("./form.js").Form, label?: string, unset?: string}} props `unset`: what holds where nothing is said, if that may be */
export const DisconnectFields = ({ form, label = "Its answer", unset = "" }) => html`
  <${Field}
    form=${form}
    name="disconnect.policy"
    kind="select"
    label=${label}
    options=${[...(unset ? [["", unset]] : []), ...POLICIES]}
  />
  ${form.values["disconnect.policy"] === "drain" && html`
    <div class="fields two">
      <${Field} form=${form} name="disconnect.seconds" kind="number" label="At most, seconds" placeholder="30" />
      <${Field}
        form=${form}
        name="disconnect.tokens"
        kind="number"
        label="At most, tokens"
        placeholder="any number"
      />
    </div>
  `}
`;
