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
import { body, emptyDraft, message, readable, takeReplay, toolsWrong } from "./playground/draft.js";
import { Messages, Parameters, Tools } from "./playground/prompt.js";

const KEY = "gophergate.playground.key";
const DAY = 86400000;
const MOST_COLUMNS = 4;

export default function Playground() {
  const replay = useRef(/** @type {ReturnType<typeof takeReplay>|undefined} */ (undefined));
  if (replay.current === undefined) replay.current = takeReplay();
  const models = useData(() => all("/api/models", {}, 5000), []);
  const [draft, setDraft] = useState(() => replay.current?.draft || emptyDraft());
  const [columns, setColumns] = useState([
    { id: 1, model: route.value.query.model || replay.current?.model || "" },
  ]);
  const [results, setResults] = useState(
    /** @type {Record<number, import("./playground/ask.js").Result>} */ ({}),
  );
  const [key, setKey] = useState(sessionStorage.getItem(KEY) || "");
  const [isAsking, setAsking] = useState(false);
  const running = useRef(/** @type {AbortController|null} */ (null));
  useEffect(() => () => running.current?.abort(), []);
  const first = models.data?.find((row) => row.enabled)?.name || "demo/echo";
  const wrong = toolsWrong(draft.tools);
  const change = (some) => setDraft((was) => ({ ...was, ...some }));
  const keepKey = (text) => {
    setKey(text);
    sessionStorage.setItem(KEY, text);
  };

  const send = async () => {
    if (isAsking || wrong) {
      running.current?.abort();
      return;
    }
    const secret = key || (await ownKey());
    if (!secret) return;
    keepKey(secret);
    const stop = (running.current = new AbortController());
    setAsking(true);
    setResults({});
    const asked = columns.map((column) =>
      ask(body(draft, column.model || first), secret, stop.signal, (result) => {
        if (result.refused) keepKey("");
        setResults((was) => ({ ...was, [column.id]: result }));
      }),
    );
    await Promise.all(asked);
    setAsking(false);
  };
  const keep = (text) => change({ messages: [...draft.messages, message(text, "assistant"), message()] });

  return html`
    <div class="stack">
      <section class="card">
        <div class="body stack">
          <div class="grid">
            <div class="span-8">
              <${Messages}
                draft=${draft}
                onChange=${change}
                onSend=${send}
                onProblem=${(text) => toast(text, "bad")}
              />
            </div>
            <div class="span-4 stack">
              <${Tools} draft=${draft} onChange=${change} />
              <${Parameters} draft=${draft} onChange=${change} />
              <${KeyField} value=${key} onChange=${keepKey} />
            </div>
          </div>
          <div class="line">
            <${Button} kind="main" onClick=${send} disabled=${Boolean(wrong)}>
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
            onKeep=${keep}
          />
        `)}
      </div>
      <${Code} request=${wrong ? null : body(draft, columns[0].model || first)} />
    </div>
  `;
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
