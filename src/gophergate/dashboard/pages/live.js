/** Calls as they happen. The list keeps still when there are many: what just ended is merged into counts. */
import { html, signal, useData, useEffect, useState, useRef } from "../ui.js";
import { get, may, names as namesOf, post } from "../api.js";
import { route, setQuery } from "../router.js";
import { count, duration } from "../format.js";
import * as socket from "../socket.js";
import { Button, Money, Outcome, outcomeKind, Segments } from "../widgets/basics.js";
import { Empty } from "../widgets/states.js";
import { Part, TurnBox } from "../widgets/turns.js";
import { attempt } from "../widgets/toasts.js";

const MOST = 200;
const KEPT_WORDS = 60000;
/** Calls by id; not a signal of each, because a busy gateway has hundreds: the page redraws at most ten times a second. */
const calls = new Map();
const drawn = signal(0);
const paused = signal(false);
const skipped = signal(0);
let held = [];
let scheduled = false;

function redraw() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    drawn.value += 1;
  }, 100);
}

function take(message) {
  const { type, data } = message;
  if (type === "call.started")
    calls.set(data.id, {
      ...data,
      began: performance.now() - (data.elapsed_ms || 0),
      parts: [],
      status: "running",
    });
  else if (type === "call.delta") {
    const call = calls.get(data.id) || {
      id: data.id,
      began: performance.now() - data.elapsed_ms,
      parts: [],
      status: "running",
    };
    Object.assign(call, {
      model: data.model,
      provider: data.provider,
      output_tokens: data.output_tokens,
      first_token_ms: data.first_token_ms,
    });
    for (const part of data.parts || []) grow(call, part);
    calls.set(data.id, call);
  } else if (type === "call.finished") {
    const call = calls.get(data.id) || { began: 0, parts: [] };
    calls.set(data.id, {
      ...call,
      ...data,
      prompt: call.prompt,
      output_tokens: data.usage?.output ?? call.output_tokens,
      ended: performance.now(),
    });
  } else if (type === "resync") {
    skipped.value += data.missed || 0;
    resync();
    return;
  } else return;
  trim();
  redraw();
}

function grow(call, part) {
  call.size = (call.size || 0) + part.text.length;
  if (call.size > KEPT_WORDS) return;
  const last = call.parts[call.parts.length - 1];
  if (last && last.kind === part.kind && !part.name) last.text += part.text;
  else call.parts.push({ ...part });
}

function trim() {
  if (calls.size <= MOST) return;
  for (const [id, call] of calls) {
    if (calls.size <= MOST) break;
    if (call.status !== "running") calls.delete(id);
  }
  for (const id of calls.keys()) {
    if (calls.size <= MOST * 2) break;
    calls.delete(id);
  }
}

let resyncing = 0;
/** Something was missed: what runs is asked for anew, at most every two seconds. */
function resync() {
  if (Date.now() - resyncing < 2000) return;
  resyncing = Date.now();
  get("/api/calls/running").then(
    (page) => {
      const running = new Set(page.items.map((one) => one.id));
      for (const [id, call] of calls) if (call.status === "running" && !running.has(id)) calls.delete(id);
      for (const one of page.items)
        if (!calls.has(one.id))
          calls.set(one.id, {
            ...one,
            began: performance.now() - one.elapsed_ms,
            parts: [],
            status: "running",
          });
      redraw();
    },
    () => {},
  );
}

export const Tools = () => html`
  <${Button} onClick=${toggle} aria-pressed=${paused.value}>
    ${paused.value ? "Go on" : "Pause"}
  <//>
`;
function toggle() {
  paused.value = !paused.value;
  socket.state.value = paused.value ? "paused" : socket.state.value === "paused" ? "live" : socket.state.value;
  if (!paused.value) {
    for (const message of held) take(message);
    held = [];
  }
}

export default function Live() {
  const names = useData(() => namesOf("clients"), []).data || {};
  const [shown, setShown] = useState("all");
  const { query, detail } = route.value;
  const [picked, setPicked] = useState(detail);
  useEffect(() => {
    resync();
    const stop = socket.listen((message) => {
      if (paused.value) {
        held.push(message);
        if (held.length > 2000) held.shift();
      } else take(message);
    });
    const tick = setInterval(() => {
      if (!paused.value && [...calls.values()].some((call) => call.status === "running")) drawn.value += 1;
    }, 500);
    return () => {
      stop();
      clearInterval(tick);
      if (paused.value) toggle();
    };
  }, []);
  drawn.value;
  const wanted = (query.q || "").toLowerCase();
  const rows = [...calls.values()]
    .reverse()
    .filter(
      (call) =>
        (shown === "all" ||
          (shown === "running"
            ? call.status === "running"
            : shown === "failed"
              ? !["ok", "running"].includes(call.status)
              : true)) &&
        (!wanted ||
          `${call.model_requested} ${call.provider}/${call.model} ${names[call.client_id] || ""} ${call.prompt || ""}`
            .toLowerCase()
            .includes(wanted)),
    );
  rows.sort((a, b) => Number(b.status === "running") - Number(a.status === "running"));
  const running = rows.filter((call) => call.status === "running").length;
  const call = calls.get(picked) || rows[0];
  return html`
    <div class="stack">
      <div class="spread">
        <div class="filters">
          <${Segments}
            label="Which calls"
            value=${shown}
            onPick=${setShown}
            options=${[
              ["all", "All"],
              ["running", `In flight ${running}`],
              ["failed", "Failed"],
            ]}
          />
          <input
            class="input slim"
            data-search
            type="search"
            placeholder="Filter by model, client, prompt  ( / )"
            aria-label="Filter the live calls"
            style=${{ width: "260px" }}
            value=${query.q || ""}
            onInput=${(event) => setQuery({ q: event.target.value })}
          />
          ${skipped.value > 0 && html`
            <span class="pill warn" title="More happened at once than can be shown; every call is in the log">
              ${count(skipped.value)} not shown
            </span>
          `}
        </div>
        <${Host} />
      </div>
      <div class="livewrap">
        <section class="card" aria-label="Calls in flight and just done">
          <div class="scroll">
            ${rows.length ? html`
              <${Rows} rows=${rows} names=${names} picked=${call?.id} onPick=${setPicked} />
            ` : html`
              <${Empty} title="Nothing is being asked">
                Calls appear here within a moment of their arrival. <a href="#/playground">Ask something</a> and
                watch.
              <//>
            `}
          </div>
        </section>
        <section class="card" aria-label="The selected call">
          <div class="scroll">
            ${call ? html`
              <${Watched} key=${call.id} call=${call} names=${names} />
            ` : html`
              <${Empty} title="No call is selected">Pick one on the left.<//>
            `}
          </div>
        </section>
      </div>
    </div>
  `;
}

function Host() {
  const now = socket.host.value;
  if (!now) return null;
  return html`
    <span class="small muted figures" title=${`${now.host.name}: ${now.host.cpus} processors`}>
      CPU ${Math.round(now.host.cpu_percent)} % · memory ${Math.round(now.host.process_memory / 1e6)} MB ·${" "}
      ${now.connections?.open ?? 0} provider connections · ${now.viewers} watching
    </span>
  `;
}

function Rows({ rows, names, picked, onPick }) {
  const walk = (event) => {
    const at = rows.findIndex((call) => call.id === picked);
    const step =
      event.key === "ArrowDown" || event.key === "j"
        ? 1
        : event.key === "ArrowUp" || event.key === "k"
          ? -1
          : 0;
    if (!step) return;
    event.preventDefault();
    onPick(rows[Math.max(0, Math.min(rows.length - 1, at + step))].id);
  };
  return html`
    <ul class="livelist" role="listbox" aria-label="Calls" tabIndex="0" onKeyDown=${walk}>
      ${rows.slice(0, 100).map((call) => html`
        <li key=${call.id} role="option" aria-selected=${call.id === picked} onClick=${() => onPick(call.id)}>
          <i class=${`dot ${outcomeKind(call.status)}`} title=${call.status}></i>
          <span class="clip">${names[call.client_id] || "…"}</span>
          <span class="clip" title=${call.model_requested}>
            ${call.model_requested || "…"}
          </span>
          <span class="num">${count(call.output_tokens || 0)} tok</span>
          <span class="num faint">
            ${duration(call.status === "running" ? performance.now() - call.began : call.latency_ms)}
          </span>
          ${call.status === "running" && html`
            <span
              class="fill"
              style=${{ width: `${Math.min(100, Math.sqrt(call.output_tokens || 0) * 2.5)}%` }}
            ></span>
          `}
        </li>
      `)}
    </ul>
  `;
}

function Watched({ call, names }) {
  const end = useRef(/** @type {HTMLElement|null} */ (null));
  const elapsed = call.status === "running" ? performance.now() - call.began : call.latency_ms;
  const first = call.first_token_ms;
  useEffect(() => {
    if (call.status === "running") end.current?.scrollIntoView({ block: "nearest" });
  }, [call.size]);
  return html`
    <header class="spread" style=${{ padding: "12px 16px", borderBottom: "1px solid var(--line)" }}>
      <div class="line">
        <${Outcome} status=${call.status} />
        <b class="clip">${call.model_requested}</b>
        ${call.model && html`
          <span class="muted small">
            → ${call.provider}/${call.model}
          </span>
        `}
      </div>
      <div class="line">
        ${call.status === "running" && may("edit") && html`
          <${Button}
            kind="bad"
            onClick=${() => attempt(() => post(`/api/calls/${call.id}/stop`), "The call was stopped")}
          >
            Stop this call
          <//>
        `}
        ${call.status !== "running" && html`
          <a class="button" href=${`#/calls/${call.id}`}>
            Open
          </a>
        `}
      </div>
    </header>
    <div class="stack" style=${{ padding: "16px" }}>
      <div>
        <div class="phases" role="img" aria-label="Waiting, then streaming">
          <i
            class="wait"
            style=${{
              width: `${first === null || first === undefined ? 100 : (first / (elapsed || 1)) * 100}%`,
            }}
          ></i>
          <i class="flow" style=${{ flex: 1 }}></i>
        </div>
        <p class="small muted">
          ${names[call.client_id] || ""} ·${" "}
          ${first === null || first === undefined
            ? "waiting for the first token"
            : `first token after ${duration(first)}`}${" "}
          · ${duration(elapsed)} so far · ${count(call.output_tokens || 0)} tokens${" "}
          ${call.status !== "running" ? html`
            · <${Money} value=${call.cost} />
          ` : (
            ""
          )}
        </p>
      </div>
      ${call.error_message && html`<div class="notice bad">${call.error_message}</div>`}
      <div class="turns">
        ${call.prompt !== undefined && html`
          <${TurnBox} role="user" parts=${call.prompt ? [{ kind: "text", text: call.prompt }] : []} />
        `}
        ${call.parts.length ? html`
          <section class="turn">
            <h3>
              <span>answer</span>
              <span class="faint">${call.finish_reason || ""}</span>
            </h3>
            ${call.parts.map((part, n) => html`
              <${Part} key=${n} part=${part} />
            `)}
          </section>
        ` : html`
          <p class="faint">
            ${may("bodies")
              ? call.status === "running"
                ? "Nothing was said yet."
                : "It began before you watched, or nothing was said."
              : "Your role does not read what is said."}
          </p>
        `}
      </div>
      <span ref=${end}></span>
    </div>
  `;
}
