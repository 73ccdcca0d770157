/** What a key may do, as fields: the same for a new one and for one that is changed. */
import { html } from "../../ui.js";
import {
  DISCONNECT,
  DisconnectFields,
  disconnectGiven,
  disconnectKnown,
  disconnectWord,
} from "../../widgets/disconnect.js";
import { Field, lines, momentGiven, momentKnown, wrongAt } from "../../widgets/form.js";
import { LimitFields, limitsGiven, limitsKnown } from "../../widgets/limits.js";
import { Part } from "../../widgets/part.js";

const AS_ELSEWHERE = "As its group or provider has it";

/** A key as the form holds it. @param {any} [key] a new one has none */
export const held = (key) => ({
  name: key?.name ?? "",
  every: !key || key.models === null,
  models: (key?.models || []).join("\n"),
  ip_allow: (key?.ip_allow || []).join("\n"),
  expires_at: momentKnown(key?.expires_at),
  ...limitsKnown(key?.limits),
  ...disconnectKnown(key?.disconnect),
});

const LIMITS = Object.keys(limitsKnown(null));
/** The member of the API that a field belongs to. */
const memberOf = (name) =>
  name === "every" ? "models" : LIMITS.includes(name) ? "limits" : name.split(".")[0];

/** What the API is given of those fields. Where not every model is allowed, one at least must be named. */
export function given(values, names = Object.keys(values)) {
  const said = {
    name: values.name.trim() || null,
    models: values.every ? null : lines(values.models),
    ip_allow: lines(values.ip_allow),
    expires_at: momentGiven(values.expires_at),
    limits: limitsGiven(values),
    disconnect: disconnectGiven(values),
  };
  const members = [...new Set(names.map(memberOf))];
  if (members.includes("models") && said.models?.length === 0)
    throw wrongAt("models", "Name one at least, or let it use every model.");
  return Object.fromEntries(members.map((name) => [name, said[name]]));
}

/** @param {{form: import("../../widgets/form.js").Form}} props */
export const KeyFields = ({ form }) => html`
  <div class="fields two">
    <${Field} form=${form} name="name" label="Name" placeholder="production" />
    <${Field}
      form=${form}
      name="expires_at"
      kind="datetime-local"
      label="Expires"
      hint="On your clocks. Empty: never."
    />
  </div>
  <${Field} form=${form} name="every" kind="check" label="It may use every model" />
  ${!form.values.every && html`
    <${Field}
      form=${form}
      name="models"
      kind="lines"
      rows=${3}
      label="Models it may use"
      placeholder="openai/gpt-4.1"
      hint="One a line; patterns such as openai/* too, and groups."
    />
  `}
  <${Field}
    form=${form}
    name="ip_allow"
    kind="lines"
    rows=${2}
    label="Addresses it may come from"
    hint="One a line, such as 10.0.0.0/8. Empty: any."
  />
  <${LimitFields} form=${form} />
  <${Part}
    form=${form}
    word="When its client leaves"
    names=${DISCONNECT}
    now=${disconnectWord(form.values, AS_ELSEWHERE)}
  >
    <${DisconnectFields} form=${form} label="The answer" unset=${AS_ELSEWHERE} />
  <//>
`;
