/** One call, whole: facts, conversation, timeline, cost, decision, raw. */
import { html, useData, useState } from "../ui.js";
import { get, may } from "../api.js";
import { count, duration, money, bytes, exactTime } from "../format.js";
import { answered } from "../answer.js";
import { asked, pretty } from "../conversation.js";
import { Button, Copy, Id, Money, Outcome, Pill, Tabs, copyText } from "./basics.js";
import { Phases } from "./phases.js";
import { Loaded, Empty } from "./states.js";
import { TurnBox } from "./turns.js";
import { go } from "../router.js";
import { keepReplay } from "../pages/playground/draft.js";
import { toast } from "./toasts.js";

const CLASSES = [
  ["input", "Input"],
  ["cache_read", "Cache read"],
  ["cache_write", "Cache write, 5 min"],
  ["cache_write_1h", "Cache write, 1 h"],
  ["audio_input", "Audio in"],
  ["image_input", "Image in"],
  ["output", "Output"],
  ["reasoning", "of which reasoning"],
  ["audio_output", "Audio out"],
  ["image_output", "Image out"],
];
const DOORS = {
  openai_chat: "/v1/chat/completions",
  openai_responses: "/v1/responses",
  anthropic_messages: "/v1/messages",
  ollama: "/api/chat",
};

export function CallDetail({ id, names = {} }) {
  const call = useData(() => get(`/api/calls/${encodeURIComponent(id)}`), [id]);
  const [tab, setTab] = useState("conversation");
  return html`
    <${Loaded} from=${call} rows=${8}>
      ${(one) => html`
        <div class="stack">
          <${Facts} call=${one} names=${names} />
          <${Tabs}
            value=${tab}
            onPick=${setTab}
            options=${[
              ["conversation", "Conversation"],
              ["timeline", "Timeline"],
              ["cost", "Cost"],
              ["decision", "Decision"],
              ["raw", "Raw"],
            ]}
          />
          ${tab === "conversation" && html`<${Conversation} call=${one} />`}
          ${tab === "timeline" && html`<${Timeline} call=${one} />`}
          ${tab === "cost" && html`<${Cost} call=${one} />`}
          ${tab === "decision" && html`<${Decision} call=${one} />`}
          ${tab === "raw" && html`<${Raw} call=${one} />`}
        </div>
      `}
    <//>
  `;
}

function Facts({ call, names }) {
  const usage = call.usage || {};
  const cached = (usage.cache_read || 0) + (usage.cache_write || 0) + (usage.cache_write_1h || 0);
  return html`
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <${Outcome} status=${call.status} /> <span class="faint small">${call.http_status}</span>
        </dd>
      </div>
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
      <div>
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
    ${call.dropped.length > 0 && html`
      <div class="notice warn">
        <span>Settings the provider could not be told: ${call.dropped.join(", ")}.</span>
      </div>
    `}
  `;
}

function Conversation({ call }) {
  if (call.bodies_hidden)
    return html`<${Empty} title="Not for your role">Who may read what is said decides an administrator.<//>`;
  if (!call.bodies)
    return html`
      <${Empty} title="What was said was not kept">
        Set <code>logging.bodies</code> to <code>all</code> or <code>errors</code> to keep it.
      <//>
    `;
  const turns = asked(call.bodies.request);
  return html`
    <div class="turns">
      ${turns.map((turn, n) => html`
        <${TurnBox} key=${n} role=${turn.role} parts=${turn.parts} />
      `)}
      <${TurnBox} role="answer" parts=${answered(call.bodies.response)} note=${call.finish_reason || ""} />
      ${call.bodies.is_cut && html`
        <p class="faint small">
          Cut: ${bytes(call.bodies.request_size)} were asked, ${bytes(call.bodies.response_size)} answered.
        </p>
      `}
    </div>
  `;
}

function Timeline({ call }) {
  if (!call.attempts.length)
    return html`
      <${Empty} title="No provider was asked">
        The call ended before that: ${call.error_message || "see the facts above"}
      <//>
    `;
  let at = 0;
  const total =
    Math.max(
      call.latency_ms,
      call.attempts.reduce((sum, one) => sum + one.ms, 0),
    ) || 1;
  return html`
    <div>
      ${call.attempts.map((one, n) => {
        const from = at / total;
        at += one.ms;
        return html`
          <div class="attempt" key=${n}>
            <div>
              <b>
                ${one.provider}/${one.model}
              </b>
              <div class="small muted">
                ${one.status || "no answer"} ${one.error} ${one.credential}
              </div>
            </div>
            <div class="track" title=${one.message}>
              <i
                class=${one.error ? "bad" : ""}
                style=${{ left: `${from * 100}%`, width: `${(one.ms / total) * 100}%` }}
              ></i>
            </div>
            <div class="num small">${duration(one.ms)}</div>
            ${one.message && html`
              <p class="small muted" style=${{ gridColumn: "1 / -1" }}>
                ${one.message}
              </p>
            `}
          </div>
        `;
      })}
      <h3 style=${{ marginTop: "16px" }}>Phases</h3>
      <${Phases} first=${call.first_token_ms} total=${call.latency_ms} />
      <p class="small muted">
        Waiting ${duration(call.first_token_ms ?? call.latency_ms)}, streaming${" "}
        ${duration(call.first_token_ms === null ? 0 : call.latency_ms - call.first_token_ms)}.
      </p>
    </div>
  `;
}

function Cost({ call }) {
  const name = call.provider ? `${call.provider}/${call.model}` : "";
  const model = useData(() => (name ? get(`/api/models/${name}`) : Promise.resolve(null)), [name]);
  if (!call.usage) return html`<${Empty} title="Nothing was used">So it costs nothing.<//>`;
  const price = model.data?.price;
  const rows = CLASSES.filter(([key]) => call.usage[key] !== null && call.usage[key] !== undefined);
  return html`
    <div class="stack tight">
      <table class="table">
        <thead>
          <tr>
            <th>Class</th>
            <th class="num">Tokens</th>
            <th class="num">$ per million, today</th>
            <th class="num">About</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(([key, word]) => {
            const rate = key === "reasoning" ? null : price?.[key];
            return html`
              <tr key=${key}>
                <td>${word}</td>
                <td class="num">${call.usage[key].toLocaleString()}</td>
                <td class="num">${rate ?? html`<span class="faint">–</span>`}</td>
                <td class="num">
                  ${rate === null || rate === undefined ? html`
                    <span class="faint">–</span>
                  ` : (
                    money((Number(rate) * call.usage[key]) / 1e6)
                  )}
                </td>
              </tr>
            `;
          })}
          <tr>
            <td>
              <b>Charged</b>
            </td>
            <td></td>
            <td></td>
            <td class="num">
              <b>
                <${Money} value=${call.cost} model=${name} />
              </b>
            </td>
          </tr>
        </tbody>
      </table>
      <p class="small muted">
        Usage is${" "}
        ${call.usage_source === "provider"
          ? "the provider's own report"
          : call.usage_source === "estimated"
            ? "our estimate of what was delivered"
            : "unknown"}
        . Price version: <code>${call.price_version || "none"}</code>
        ${call.usage.provider_cost ? html`; the provider says ${money(call.usage.provider_cost)}` : ""}.
      </p>
    </div>
  `;
}

function Decision({ call }) {
  return html`
    <div class="stack">
      <ol class="stack tight">
        ${call.decision.map((step, n) => html`
          <li key=${n} class="line nowrap">
            <${Pill}>${n + 1}<//>
            <span>${step}</span>
          </li>
        `)}
      </ol>
      ${!call.decision.length && html`
        <p class="muted">The model was named by its own name; there was nothing to decide.</p>
      `}
      <a href=${`#/groups/explain?model=${encodeURIComponent(call.model_requested)}`}>
        Where would "${call.model_requested}" go now?
      </a>
    </div>
  `;
}

function Raw({ call }) {
  const { bodies, ...record } = call;
  return html`
    <div class="stack">
      <div class="spread">
        <h3>Record</h3>
        <${Button} onClick=${() => copyText(JSON.stringify(record, null, 2))}>Copy<//>
      </div>
      <pre class="code">${JSON.stringify(record, null, 2)}</pre>
      ${bodies && html`
        <div class="spread">
          <h3>Request</h3>
          <${Button} onClick=${() => copyText(bodies.request)}>Copy<//>
        </div>
        <pre class="code">${pretty(bodies.request)}</pre>
        <div class="spread">
          <h3>Response</h3>
          <${Button} onClick=${() => copyText(bodies.response)}>Copy<//>
        </div>
        <pre class="code">${pretty(bodies.response)}</pre>
      `}
    </div>
  `;
}

/** The call again, for a terminal. */
export function curlOf(call) {
  const body =
    (call.bodies && call.bodies.request) ||
    JSON.stringify(
      { model: call.model_requested, messages: [{ role: "user", content: "..." }], stream: call.stream },
      null,
      2,
    );
  const path =
    call.door === "gemini"
      ? `/v1beta/models/${call.model_requested}:${call.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`
      : DOORS[call.door] || "/v1/chat/completions";
  return `curl ${location.origin}${path} \\\n  -H "authorization: Bearer $GOPHERGATE_KEY" \\\n  -H "content-type: application/json" \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
}

export function CallActions({ id }) {
  const fetched = () => get(`/api/calls/${encodeURIComponent(id)}`);
  const copy = async () => copyText(curlOf(await fetched()), "Copied as curl");
  const replay = async () => {
    const call = await fetched();
    if (!call.bodies) {
      toast("What was said was not kept, so it cannot be replayed.", "bad");
      return;
    }
    keepReplay(call.model_requested, call.bodies.request);
    go("playground");
  };
  return html`
    <${Button} onClick=${copy}>Copy as curl<//>
    ${may("bodies") && html`<${Button} onClick=${replay}>Open in playground<//>`}
  `;
}
