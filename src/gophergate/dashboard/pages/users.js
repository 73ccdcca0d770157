/** People who may sign in, and admin tokens for programs. */
import { html } from "../ui.js";
import { route, go } from "../router.js";
import { Tabs } from "../widgets/basics.js";
import { People } from "./users/people.js";
import { Tokens } from "./users/tokens.js";

export default function Users() {
  const [tab = "people", which = ""] = route.value.detail.split("/");
  const shown = tab || "people";
  return html`
    <div class="stack">
      <${Tabs}
        options=${[
          ["people", "People"],
          ["tokens", "Admin tokens"],
        ]}
        value=${shown}
        onPick=${(value) => go("users", value)}
      />
      ${shown === "people" ? html`<${People} which=${which} />` : html`<${Tokens} which=${which} />`}
    </div>
  `;
}
