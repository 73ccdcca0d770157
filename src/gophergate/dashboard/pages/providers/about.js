/** How a provider is and how it is set, in words; and a real call to it. */
import { html } from "../../ui.js";
import { may } from "../../api.js";
import { count, plural } from "../../format.js";
import { span } from "../../members.js";
import { When } from "../../widgets/basics.js";
import { Ailments, StateOf } from "./state.js";
import { Trial } from "./trial.js";
import { spoken, keysOf } from "./words.js";

/** @param {{row: any, kind: any}} props */
export function About({ row, kind }) {
  const keys = keysOf(row);
  return html`
    <div class="stack">
      <dl class="pairs">
        <dt>State</dt>
        <dd>
          <${StateOf} row=${row} /> ${row.problem || ""}
        </dd>
        <dt>Kind</dt>
        <dd>${row.label}</dd>
        <dt>Address</dt>
        <dd class="mono small">${row.base_url || kind?.base_url || "in process"}</dd>
        <dt>${keys.length > 1 ? "Keys" : "Key"}</dt>
        <dd>
          ${keys.length > 1 ? plural(keys.length, "key") : keys.length ? html`<code>${keys[0].masked}</code>` : "none"}
        </dd>
        <dt>Speaks</dt>
        <dd>${row.speaks.map(spoken).join(", ") || "in process"}</dd>
        <dt>Models</dt>
        <dd>${count(row.known_models)} known</dd>
        <dt>Waits</dt>
        <dd>${waits(row, kind)}</dd>
        <dt>Retries</dt>
        <dd>
          ${plural(row.retries ?? kind?.retries ?? 1, "retry", "retries")} within ${span(row.retry_deadline)}
        </dd>
        <dt>Breaker</dt>
        <dd>
          after ${plural(row.breaker.failures, "failure")} in a row a model is left alone for${" "}
          ${span(row.breaker.recovery)}
          ${row.breaker.probe > 0 && `, looked at for free every ${span(row.breaker.probe)}`}
        </dd>
        ${row.concurrency && html`
          <dt>At a time</dt>
          <dd>${plural(row.concurrency, "call")}</dd>
        `}
        ${row.updated_at && html`
          <dt>Changed</dt>
          <dd>
            <${When} at=${row.updated_at} />
          </dd>
        `}
      </dl>
      ${row.ailments.length > 0 && html`<${Ailments} row=${row} tries=${may("configure") && row.enabled} />`}
      ${row.source === "file" && html`
        <div class="notice">It stands in the configuration file, and is changed there.</div>
      `}
      ${may("configure") &&
        (row.enabled ? html`
          <${Trial} name=${row.name} />
        ` : html`
          <p class="muted">It is off. Switch it on in its settings to test it.</p>
        `)}
    </div>
  `;
}

function waits(row, kind) {
  const set = { ...kind?.timeouts, ...row.timeouts };
  return [
    set.connect && `${span(set.connect)} to connect`,
    set.first_byte && `${span(set.first_byte)} for the first byte`,
    set.idle && `${span(set.idle)} of silence`,
    set.total && `${span(set.total)} in all`,
  ]
    .filter(Boolean)
    .join(", ");
}
