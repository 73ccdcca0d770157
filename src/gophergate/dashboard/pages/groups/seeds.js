/** Groups that are offered, not imposed: made of the models that are there. */
import { html, useData } from "../../ui.js";
import { post, whole } from "../../api.js";
import { Button, Pill } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Loaded } from "../../widgets/states.js";
import { attempt } from "../../widgets/toasts.js";

/** @type {Record<string, [string, string]>} */
const STATES = {
  "would be made": ["accent", "can be made"],
  there: ["ok", "is there"],
  missing: ["", "needs models"],
  made: ["ok", "made"],
};

/** @param {{onClose: () => void, onDone: () => void}} props */
export function Seeds({ onClose, onDone }) {
  const seeds = useData(() => whole("/api/groups/seeds"), []);
  const make = (names) =>
    attempt(
      async () => {
        await post("/api/groups/seed", names ? { names } : {});
        seeds.reload();
        onDone();
      },
      names ? `${names[0]} is made` : "They are made",
    );
  const possible = (seeds.data || []).filter((one) => one.state === "would be made");
  const footer = possible.length > 1 && html`
    <${Button} kind="main" onClick=${() => make(null)}>
      Make all ${possible.length}
    <//>
  `;
  return html`
    <${Drawer} title="Suggested groups" onClose=${onClose} footer=${footer}>
      <${Loaded} from=${seeds}>
        ${(rows) => html`
          <ul class="stack tight">
            ${rows.map((one) => html`
              <li key=${one.name} class="card rule">
                <div class="spread nowrap">
                  <span class="line">
                    <b>${one.name}</b>
                    <${Pill} kind=${STATES[one.state][0]}>${STATES[one.state][1]}<//>
                  </span>
                  ${one.state === "would be made" && html`<${Button} onClick=${() => make([one.name])}>Make it<//>`}
                </div>
                <p class="small muted">${one.about}</p>
                ${one.why && html`<p class="small muted">${one.why}</p>`}
                ${one.definition.targets?.length > 0 && html`
                  <p class="small">
                    ${one.definition.strategy?.replace("_", " ")}:${" "}
                    ${one.definition.targets.map((target) => target.model).join(", ")}
                  </p>
                `}
              </li>
            `)}
          </ul>
        `}
      <//>
    <//>
  `;
}
