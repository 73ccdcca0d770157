/** Ask any model, several beside each other, and take the code along. */
import { html, useData, useEffect, useRef, useState } from "../ui.js";
import { all, may, post } from "../api.js";
import { route } from "../router.js";
import { Button, Copy, Segments } from "../widgets/basics.js";
import { Failed } from "../widgets/states.js";
import { toast } from "../widgets/toasts.js";
import { ask } from "./playground/ask.js";
import { LANGUAGES, written } from "./playground/code.js";
import { ColumnBox } from "./playground/columns.js";
import { body, emptyDraft, goneOn, readable } from "./playground/draft.js";
import { kept, useKept } from "./playground/kept.js";
import { Messages, Parameters } from "./playground/prompt.js";
import { takeReplay } from "./playground/replay.js";
import { Toolbox } from "./playground/toolbox.js";
import { areSendable } from "./playground/tools.js";

const DAY = 86400000;
const MOST_COLUMNS = 4;

export default function Playground() {
  const [start] = useState(begun);
  const models = useData(() => all("/api/models", {}, 5000).then(onlyChat), []);
  const [draft, setDraft] = useState(start.draft);
  const [columns, setColumns] = useState(start.columns);
  const [key, setKey] = useState(start.key);
  const [results, setResults] = useState(
    /** @type {Record<number, import("./playground/ask.js").Result>} */ ({}),
  );
  const [isAsking, setAsking] = useState(false);
  const running = useRef(/** @type {AbortController|null} */ (null));
  useEffect(() => () => running.current?.abort(), []);
  useKept({ draft, columns, key });
  const first = models.data?.find((row) => row.enabled)?.name || "demo/echo";
  const canSend = areSendable(draft.tools);
  const change = (some) => setDraft((was) => ({ ...was, ...some }));

  const send = async (/** @type {import("./playground/draft.js").Draft} */ asking) => {
    if (isAsking) {
      running.current?.abort();
      return;
    }
    if (!areSendable(asking.tools)) return;
    const secret = key || (await ownKey());
    if (!secret) return;
    setKey(secret);
    running.current?.abort();
    const stop = (running.current = new AbortController());
    setAsking(true);
    setResults({});
    const asked = columns.map((column) =>
      ask(body(asking, column.model || first), secret, stop.signal, (result) => {
        if (result.refused) setKey("");
        setResults((was) => ({ ...was, [column.id]: result }));
      }),
    );
    await Promise.all(asked);
    setAsking(false);
  };
  /** On from an answer: with the results of its calls at once, else when the next question is written. */
  const goOn = (/** @type {import("./playground/ask.js").Result} */ { parts }, results) => {
    const next = { ...draft, messages: goneOn(draft.messages, parts, results) };
    setDraft(next);
    if (next.messages[next.messages.length - 1].role === "tool") send(next);
  };

  return html`
    <div class="stack">
      <section class="card">
        <div class="body stack">
          <div class="grid">
            <div class="span-8 stack">
              <${Messages}
                draft=${draft}
                onChange=${change}
                onSend=${() => send(draft)}
                onProblem=${(text) => toast(text, "bad")}
              />
              <${Toolbox} tools=${draft.tools} choice=${draft.choice} onChange=${change} />
            </div>
            <div class="span-4 stack">
              <${Parameters} draft=${draft} onChange=${change} />
              <${KeyField} value=${key} onChange=${setKey} />
            </div>
          </div>
          <div class="line">
            <${Button} kind="main" onClick=${() => send(draft)} disabled=${!canSend && !isAsking}>
              ${isAsking ? "Stop" : columns.length > 1 ? `Ask ${columns.length} models` : "Ask"}
            <//>
            <${Button}
              onClick=${() =>
                setColumns([...columns, { id: Math.max(...columns.map((one) => one.id)) + 1, model: "" }])
              }
              disabled=${columns.length >= MOST_COLUMNS}
            >
              Add a column
            <//>
          </div>
        </div>
      </section>
      ${models.error && html`<${Failed} error=${models.error} retry=${models.reload} />`}
      <div class="columns">
        ${columns.map((column) => html`
          <${ColumnBox}
            key=${column.id}
            column=${column}
            model=${column.model || first}
            models=${models.data || []}
            result=${results[column.id]}
            onPick=${(model) =>
              setColumns(columns.map((one) => (one.id === column.id ? { ...one, model } : one)))
            }
            onRemove=${
              columns.length > 1 ? () => setColumns(columns.filter((one) => one.id !== column.id)) : null
            }
            onGoOn=${goOn}
          />
        `)}
      </div>
      <${Code} request=${canSend ? body(draft, columns[0].model || first) : null} />
    </div>
  `;
}

const onlyChat = (rows) => rows.filter((row) => row.operations.includes("chat"));

/** What is on the page first: what was brought from a call, else what was there before. */
function begun() {
  const replay = takeReplay();
  const before = kept();
  const model = route.value.query.model || replay?.model || "";
  const columns = before.columns && !replay ? before.columns : [{ id: 1, model }];
  return {
    draft: replay?.draft || before.draft || emptyDraft(),
    columns: model ? columns.map((one, n) => (n ? one : { ...one, model })) : columns,
    key: before.key || "",
  };
}

function KeyField({ value, onChange }) {
  return html`
    <div class="field">
      <label for="play-key">Client key</label>
      <input
        id="play-key"
        class="input"
        type="password"
        autocomplete="off"
        placeholder=${may("edit") ? "one is made for you" : "sk-gg-…"}
        value=${value}
        onInput=${(event) => onChange(event.target.value)}
      />
      <span class="hint">Calls from here are metered like all others.</span>
    </div>
  `;
}

function Code({ request }) {
  const [language, setLanguage] = useState(/** @type {import("./playground/code.js").Language} */ ("curl"));
  return html`
    <section class="card">
      <header>
        <h2>As code</h2>
        <div class="line">
          <${Segments} label="Language" options=${LANGUAGES} value=${language} onPick=${setLanguage} />
          ${request && html`<${Copy} text=${() => written(language, request)} label="Copy the code" />`}
        </div>
      </header>
      <div class="body">
        ${request ? html`
          <pre class="code" tabIndex="0">
            ${written(language, readable(request))}
          </pre>
        ` : html`
          <p class="muted">The tools above are not right yet.</p>
        `}
      </div>
    </section>
  `;
}

/** A key of the playground's own client, good for a day; "" with the reason said when none can be made. */
async function ownKey() {
  if (!may("edit")) {
    toast("Paste a client key: your role does not make keys.", "bad");
    return "";
  }
  try {
    const mine = (await all("/api/clients")).find((row) => row.name === "playground");
    if (!mine) return (await post("/api/clients", { name: "playground" })).key.key;
    const expires = new Date(Date.now() + DAY).toISOString();
    return (await post("/api/keys", { client_id: mine.id, name: "playground", expires_at: expires })).key;
  } catch (error) {
    toast(error.message, "bad");
    return "";
  }
}
