/** What a group was before, what each version changed, and the way back. */
import { html, useData } from "../../ui.js";
import { may, post, whole } from "../../api.js";
import { Button, Pill, When } from "../../widgets/basics.js";
import { Loaded } from "../../widgets/states.js";
import { attempt } from "../../widgets/toasts.js";

/** @type {Record<string, [string, string]>} */
const STATES = { published: ["ok", "in force"], draft: ["warn", "draft"], retired: ["", "earlier"] };

/** @param {{name: string, onDone: () => void}} props */
export function Versions({ name, onDone }) {
  const versions = useData(() => whole(`/api/groups/${encodeURIComponent(name)}/versions`), [name]);
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
                  <${Pill} kind=${STATES[row.state][0]}>${STATES[row.state][1]}<//>
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
              ${row.changes.map((change) => html`
                <p key=${change.member} class="small changed">
                  <b>${change.member.replaceAll("_", " ")}</b> <del>${said(change.before)}</del>${" "}
                  <ins>${said(change.after)}</ins>
                </p>
              `)}
            </li>
          `)}
        </ul>
      `}
    <//>
  `;
}

/** A member's value, short enough to read. */
function said(value) {
  if (value === null || value === undefined) return "not said";
  if (Array.isArray(value) && value.every((one) => one && typeof one.model === "string"))
    return (
      value
        .map((one) =>
          one.weight !== undefined && one.weight !== 1 ? `${one.model} × ${one.weight}` : one.model,
        )
        .join(", ") || "none"
    );
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
