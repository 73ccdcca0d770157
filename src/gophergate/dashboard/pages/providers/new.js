/** A provider in three clicks: which, its key, add; then it is asked at once. */
import { html, useData, useEffect, useRef, useState } from "../../ui.js";
import { post, whole } from "../../api.js";
import { go } from "../../router.js";
import { Button } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { Loaded } from "../../widgets/states.js";
import { Trial } from "./trial.js";

/** What most look for stands first. */
const FIRST = ["openai", "anthropic", "gemini", "ollama", "openrouter", "compatible"];

/** @param {{onClose: () => void, onDone: () => void}} props */
export function NewProvider({ onClose, onDone }) {
  const kinds = useData(() => whole("/api/providers/kinds"), []);
  const [kind, setKind] = useState(/** @type {any} */ (null));
  const [made, setMade] = useState("");
  const title = made ? `${made} is added` : kind ? `Add ${kind.label}` : "Add a provider";
  return html`
    <${Drawer} slim title=${title} onClose=${onClose}>
      ${made && html`
        <div class="stack">
          <${Trial} name=${made} auto />
          <div class="line">
            <${Button} kind="main" onClick=${() => go("providers", made)}>
              Show it
            <//>
            <a class="button" href=${`#/models?provider=${encodeURIComponent(made)}`}>
              Its models
            </a>
          </div>
        </div>
      `}
      ${!made && kind && html`
        <${Details}
          kind=${kind}
          onBack=${() => setKind(null)}
          onMade=${(name) => {
            onDone();
            setMade(name);
          }}
        />
      `}
      ${!made && !kind && html`
        <${Loaded} from=${kinds} rows=${10}>
          ${(rows) => html`<${Kinds} rows=${rows} onPick=${setKind} />`}
        <//>
      `}
    <//>
  `;
}

function Kinds({ rows, onPick }) {
  const [text, setText] = useState("");
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => input.current?.focus(), []);
  const place = (row) => (FIRST.indexOf(row.kind) + FIRST.length + 1) % (FIRST.length + 1);
  const found = rows
    .filter((row) => `${row.label} ${row.kind}`.toLowerCase().includes(text.trim().toLowerCase()))
    .sort((a, b) => place(a) - place(b));
  return html`
    <div class="stack tight">
      <input
        ref=${input}
        class="input"
        type="search"
        aria-label="Search providers"
        placeholder=${`Search ${rows.length} providers`}
        value=${text}
        onInput=${(event) => setText(event.target.value)}
        onKeyDown=${(event) => event.key === "Enter" && found[0] && onPick(found[0])}
      />
      <ul class="kinds">
        ${found.map((row) => html`
          <li key=${row.kind}>
            <button type="button" class="button" onClick=${() => onPick(row)}>
              ${row.label}
            </button>
          </li>
        `)}
      </ul>
      ${!found.length && html`
        <p class="muted">
          None is called that. Any service that speaks OpenAI's API can be added as${" "}
          <button
            type="button"
            class="link"
            onClick=${() => onPick(rows.find((row) => row.kind === "compatible"))}
          >
            OpenAI-compatible
          </button>
          .
        </p>
      `}
    </div>
  `;
}

function Details({ kind, onBack, onMade }) {
  const form = useForm({ name: kind.kind, api_key: "", base_url: "" }, async (values) => {
    const name = values.name.trim();
    await post("/api/providers", {
      name,
      kind: kind.kind,
      api_key: textOr(values.api_key.trim()),
      base_url: textOr(values.base_url.trim()),
    });
    onMade(name);
  });
  return html`
    <${FormBox} form=${form} word="Add and test" onCancel=${onBack}>
      ${(kind.needs_key || kind.needs_base_url) && html`
        <${Field}
          form=${form}
          name="api_key"
          label="Its API key"
          kind="password"
          autocomplete="new-password"
          hint="Kept encrypted; shown masked from now on."
        />
      `}
      ${(kind.needs_base_url || !kind.needs_key) && html`
        <${Field} form=${form} name="base_url" label="Address" placeholder=${kind.base_url || "https://host/v1"} />
      `}
      <${Field}
        form=${form}
        name="name"
        label="Name"
        hint=${`The prefix of its models: ${form.values.name || kind.kind}/…`}
      />
    <//>
  `;
}
