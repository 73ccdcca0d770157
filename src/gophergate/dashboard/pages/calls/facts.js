/** What one wants to know of a call at a glance. */
import { html } from "../../ui.js";
import { count, duration, exactTime } from "../../format.js";
import { OPERATIONS } from "../../operations.js";
import { href } from "../../router.js";
import { finding } from "../guards/words.js";
import { Copy, Id, Money, Outcome } from "../../widgets/basics.js";

export function Facts({ call, names }) {
  const usage = call.usage || {};
  const cached = (usage.cache_read || 0) + (usage.cache_write || 0) + (usage.cache_write_1h || 0);
  return html`
    <dl class="facts roomy">
      <div>
        <dt>Status</dt>
        <dd>
          <${Outcome} status=${call.status} /> <span class="faint small">${call.http_status}</span>
        </dd>
      </div>
      ${call.operation !== "chat" && html`
        <div>
          <dt>Operation</dt>
          <dd>${OPERATIONS[call.operation] || call.operation}</dd>
        </div>
      `}
      <div>
        <dt>Model</dt>
        <dd>
          ${call.model_requested}
          ${call.model ? html`
            ${" "}
            →${" "}
            <b>
              ${call.provider}/${call.model}
            </b>
          ` : (
            ""
          )}
        </dd>
      </div>
      <div>
        <dt>Client</dt>
        <dd>${names[call.client_id] || html`<${Id} id=${call.client_id} />`}</dd>
      </div>
      <div>
        <dt>Cost</dt>
        <dd>
          ${call.usage ? html`
            <${Money} value=${call.cost} model=${call.provider ? `${call.provider}/${call.model}` : ""} />
          ` : html`
            <span class="faint">nothing was used</span>
          `}
        </dd>
      </div>
      <div>
        <dt>Tokens in</dt>
        <dd>
          ${count(usage.input)}
          ${cached ? html`
            ${" "}
            <span class="faint small">+ ${count(cached)} cached</span>
          ` : (
            ""
          )}
        </dd>
      </div>
      <div>
        <dt>Tokens out</dt>
        <dd>
          ${count(usage.output)}
          ${usage.reasoning ? html`
            ${" "}
            <span class="faint small">${count(usage.reasoning)} reasoning</span>
          ` : (
            ""
          )}
        </dd>
      </div>
      ${Object.entries(usage.units || {}).map(([name, amount]) => html`
        <div key=${name}>
          <dt>${name.replaceAll("_", " ")}</dt>
          <dd>${count(amount)}</dd>
        </div>
      `)}
      <div>
        <dt>First token</dt>
        <dd>${duration(call.first_token_ms)}</dd>
      </div>
      <div>
        <dt>Total</dt>
        <dd>
          ${duration(call.latency_ms)} <span class="faint small">ours ${duration(call.overhead_ms)}</span>
        </dd>
      </div>
      <div>
        <dt>Began</dt>
        <dd title=${call.started_at}>${exactTime(call.started_at)}</dd>
      </div>
      <div class="long">
        <dt>Request id</dt>
        <dd>
          <span class="mono small">${call.request_id}</span>
          <${Copy} text=${call.request_id} />
        </dd>
      </div>
    </dl>
    ${call.error_message && html`
      <div class=${`notice ${call.status === "client_closed" ? "" : "bad"}`}>
        <span>
          <b>${call.error_code}</b> ${call.error_message}
        </span>
      </div>
    `}
    ${call.guards.map((one) => html`
      <div
        key=${one.guard + one.where}
        class=${`notice ${one.mode === "monitor" ? "" : one.action === "block" ? "bad" : "warn"}`}
      >
        <span>
          The guard <a href=${href("guards", one.guard)}>${one.guard}</a> ${finding(one)}.
        </span>
      </div>
    `)}
    ${call.dropped.length > 0 && html`
      <div class="notice warn">
        <span>Settings the provider could not be told: ${call.dropped.join(", ")}.</span>
      </div>
    `}
  `;
}
