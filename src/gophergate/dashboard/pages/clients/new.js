/** A new client, its key, and the first call with it. */
import { html, useData, useState } from "../../ui.js";
import { forgetNames, names as namesOf, post } from "../../api.js";
import { go } from "../../router.js";
import { Button, Copy, Secret } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { LimitFields, limitsGiven, limitsKnown } from "../../widgets/limits.js";

/** @param {{onClose: () => void, onDone: () => void}} props */
export function NewClient({ onClose, onDone }) {
  const [made, setMade] = useState(/** @type {any} */ (null));
  const teams = useData(() => namesOf("teams"), []).data || {};
  const form = useForm({ name: "", team_id: "", ...limitsKnown(null) }, async (values) => {
    setMade(
      await post("/api/clients", {
        name: values.name.trim(),
        team_id: textOr(values.team_id),
        limits: limitsGiven(values),
      }),
    );
    forgetNames();
    onDone();
  });
  return html`
    <${Drawer} slim title=${made ? `${made.name} is ready` : "Create a client"} onClose=${onClose}>
      ${made ? html`
        <div class="stack">
          <${Secret} label="Its key" value=${made.key.key} />
          <${FirstCall} secret=${made.key.key} />
          <div class="line">
            <${Button} kind="main" onClick=${() => go("clients", made.id)}>
              Show the client
            <//>
            <${Button} onClick=${onClose}>Done<//>
          </div>
        </div>
      ` : html`
        <${FormBox} form=${form} word="Create the client" onCancel=${onClose}>
          <${ClientFields} form=${form} teams=${teams} />
        <//>
      `}
    <//>
  `;
}

/** What a client is, the same for a new one and for one that is changed. @param {{form: any, teams: object}} props */
export const ClientFields = ({ form, teams }) => html`
  <${Field} form=${form} name="name" label="Name" placeholder="checkout-service" required />
  <${Field}
    form=${form}
    name="team_id"
    label="Team"
    kind="select"
    options=${[["", "None"], ...Object.entries(teams)]}
  />
  <${LimitFields} form=${form} />
`;

export const FirstCall = ({ secret, model = "demo/echo", label = "A first call" }) => {
  const text = `curl ${location.origin}/v1/chat/completions \\\n  -H "authorization: Bearer ${secret}" \\\n  -H "content-type: application/json" \\\n  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`;
  return html`
    <div class="field">
      <span class="label">
        ${label} <${Copy} text=${text} label="Copy the command" />
      </span>
      <pre class="code">${text}</pre>
    </div>
  `;
};
