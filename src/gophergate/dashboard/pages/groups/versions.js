/** What a group was before, and the way back. */
import { html, useData } from "../../ui.js";
import { all, may, post } from "../../api.js";
import { Button, Pill, When } from "../../widgets/basics.js";
import { Loaded } from "../../widgets/states.js";
import { attempt } from "../../widgets/toasts.js";

/** @param {{name: string, onDone: () => void}} props */
export function Versions({ name, onDone }) {
  const versions = useData(() => all(`/api/groups/${encodeURIComponent(name)}/versions`), [name]);
  const publish = (version) =>
    attempt(async () => {
      await post(`/api/groups/${encodeURIComponent(name)}/publish`, { version });
      versions.reload();
      onDone();
    }, `Version ${version} is in force`);
  return html`
    <${Loaded} from=${versions}>
      ${(rows) => html`
        <ul class="stack tight">
          ${rows.map((row) => html`
            <li key=${row.version} class="card rule">
              <div class="spread">
                <span class="line">
                  <b>Version ${row.version}</b>
                  <${Pill} kind=${{ published: "ok", draft: "warn" }[row.state] || ""}>
                    ${{ published: "in force", draft: "draft" }[row.state] || "earlier"}
                  <//>
                  <span class="muted small">
                    <${When} at=${row.created_at} />
                  </span>
                </span>
                ${may("route") && row.state !== "published" && html`
                  <${Button} onClick=${() => publish(row.version)}>
                    ${row.state === "draft" ? "Publish" : "Go back to it"}
                  <//>
                `}
              </div>
              <p class="small muted">
                ${row.strategy.replace("_", " ")}: ${row.targets.map((one) => one.model).join(", ")}
              </p>
            </li>
          `)}
        </ul>
      `}
    <//>
  `;
}
