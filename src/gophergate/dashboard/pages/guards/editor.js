/** A guard, made and changed: what it looks for, where, in whose calls, and what becomes of them. */
import { html, useData } from "../../ui.js";
import { may, names as namesOf, post } from "../../api.js";
import { Icon } from "../../icons.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, useForm, Wrong } from "../../widgets/form.js";
import { Part } from "../../widgets/part.js";
import { toast } from "../../widgets/toasts.js";
import { Try } from "./try.js";
import {
  ACTIONS,
  given,
  held,
  KINDS,
  MODES,
  PLACES,
  settable,
  THINGS,
  TOO_LARGE,
  WHOSE,
  wordOf,
} from "./words.js";

/** @typedef {import("../../widgets/form.js").Form} Form */
/** @typedef {import("../../members.js").Names} Names */

/** @param {{onClose: () => void, onDone: () => void}} props */
export function NewGuard({ onClose, onDone }) {
  const form = useForm({ name: "", ...held() }, async ({ name, ...values }) => {
    await post("/api/guards", { name: name.trim(), ...given(values) });
    toast("The guard looks at calls that begin from now on");
    onDone();
  });
  const { name, ...values } = form.values;
  return html`
    <div class="stack">
      <${FormBox} form=${form} word="Create the guard" onCancel=${onClose}>
        <${Field}
          form=${form}
          name="name"
          label="Name"
          placeholder="personal-data"
          hint="Refusals, records and headers call it so."
        />
        <${Fields} form=${form} />
      <//>
      <${Try} values=${values} name=${null} />
    </div>
  `;
}

/** @param {{row: any, names: Names, onClose: () => void, onDone: () => void}} props */
export function Guard({ row, names, onClose, onDone }) {
  const isFixed = row.source === "file" || !may("configure");
  const box = isFixed ? html`
    <${Fixed} row=${row} />
  ` : html`
    <${Change} row=${row} names=${names} onClose=${onClose} onDone=${onDone} />
  `;
  return html`
    <div class="stack">
      ${row.problem && html`<div class="notice bad">${row.problem}</div>`}
      ${box}
    </div>
  `;
}

function Change({ row, names, onClose, onDone }) {
  const editor = useEditor({
    row,
    place: `/api/guards/${encodeURIComponent(row.name)}`,
    held,
    given,
    settable,
    said: "Saved; calls that begin from now on meet it so",
    gone: "The guard is gone",
    onDone,
  });
  return html`
    <${EditorBox}
      editor=${editor}
      onCancel=${onClose}
      question="Nothing looks for it any more."
      audit=${{ kind: "guard", id: row.name }}
      names=${names}
    >
      <${Fields} form=${editor.form} secret=${row.secret_masked} />
    <//>
    <${Try} values=${editor.form.values} name=${row.name} />
  `;
}

/** What stands in the file, or who looks may not change. */
function Fixed({ row }) {
  const form = useForm(held(row), async () => {});
  return html`
    ${row.source === "file" && html`
      <div class="notice">It stands in the configuration file, and is changed there.</div>
    `}
    <${Fields} form=${form} secret=${row.secret_masked} isFixed />
    ${may("configure") && html`<${Try} values=${form.values} name=${row.name} />`}
  `;
}

/** @param {{form: Form, secret?: string | null, isFixed?: boolean}} props `secret` as far as it is shown */
function Fields({ form, secret = null, isFixed = false }) {
  const { kind, action, on_error } = form.values;
  const unseen = kind === "webhook" ? "What is too large or gets no verdict" : "What is too large";
  const choose = (name, label, options) => html`
    <${Field} form=${form} name=${name} kind="select" label=${label} options=${options} disabled=${isFixed} />
  `;
  const check = (name, label) => html`
    <${Field} form=${form} name=${name} kind="check" label=${label} disabled=${isFixed} />
  `;
  const list = (name, label, placeholder, hint) => html`
    <${Field}
      form=${form}
      name=${name}
      kind="lines"
      label=${label}
      placeholder=${placeholder}
      rows=${3}
      hint=${hint}
      disabled=${isFixed}
    />
  `;
  return html`
    ${check("enabled", "In force")}
    ${choose("kind", "It looks for", KINDS)}
    ${kind === "pii" && html`<${Things} form=${form} isFixed=${isFixed} />`}
    ${kind === "keywords" && list("keywords", "Words and phrases", "project zephyr", "One a line.")}
    ${kind === "regex" && list("patterns", "Expressions", "ACME-[0-9]{6}", "One a line, in RE2's syntax.")}
    ${kind === "injection" && html`
      <p class="small muted">
        The common ways, in English, to talk a model out of its instructions. It errs: let it warn or monitor
        first.
      </p>
    `}
    ${kind === "webhook" && html`<${Endpoint} form=${form} secret=${secret} isFixed=${isFixed} />`}
    ${(kind === "keywords" || kind === "regex") && check("case_sensitive", "Capitals matter")}
    ${kind === "keywords" && check("whole_words", "Only words of their own, not parts of others")}
    <div class="fields two">
      ${choose("where", "In", PLACES)}
      ${choose("action", "What becomes of what it finds", ACTIONS)}
    </div>
    ${action === "mask" && html`
      <${Field}
        form=${form}
        name="placeholder"
        label="Placeholder"
        placeholder=${kind === "webhook" ? "[NAME]" : "[EMAIL]"}
        hint=${`Empty: what was found, as ${kind === "webhook" ? "the endpoint calls it" : "[EMAIL]"}.`}
        disabled=${isFixed}
      />
    `}
    ${choose("mode", "Mode", MODES)}
    <fieldset>
      <legend>Whose calls</legend>
      <div class="line">
        ${WHOSE.map(([name, word]) => html`
          <${Picked} key=${name} form=${form} list=${name} word=${word} isFixed=${isFixed} />
        `)}
      </div>
      <span class="small muted">None: everybody's.</span>
    </fieldset>
    ${list("models", "Only of the models", "openai/*", "One a line, patterns too. Empty: of every model.")}
    <${Part}
      form=${form}
      word=${kind === "webhook" ? "Without a verdict" : "Too much to look at"}
      names=${["on_error"]}
      now=${`${unseen.toLowerCase()} ${wordOf(TOO_LARGE, on_error)}`}
    >
      ${choose("on_error", unseen, TOO_LARGE)}
    <//>
  `;
}

/** Who is asked, how that is signed, and how long a call waits for it. */
function Endpoint({ form, secret, isFixed }) {
  const { where, action, mode } = form.values;
  const isHeld = where !== "input" && action !== "warn" && mode === "enforce";
  return html`
    <${Field}
      form=${form}
      name="url"
      label="Address"
      placeholder="https://guards.example.com/verdict"
      hint="A public one. It is sent the texts, and says what is to become of them."
      disabled=${isFixed}
    />
    <div class="fields two">
      <${Field}
        form=${form}
        name="secret"
        label="Signing secret"
        kind="password"
        autocomplete="new-password"
        placeholder=${secret || "whsec_…"}
        hint=${secret ? "Empty: it stays as it is." : "whsec_ and base64. Empty: what is sent is not signed."}
        disabled=${isFixed || form.values.unsigned}
      />
      <${Field}
        form=${form}
        name="timeout"
        label="Longest wait (s)"
        kind="number"
        hint="For a verdict, all in all."
        disabled=${isFixed}
      />
    </div>
    ${secret && !isFixed && html`
      <${Field}
        form=${form}
        name="unsigned"
        kind="check"
        label="Take the secret away: what is sent is not signed"
      />
    `}
    ${isHeld && html`
      <div class="notice">
        Answers are held back until they are whole and judged: whoever streams them sees nothing before.
      </div>
    `}
  `;
}

function Things({ form, isFixed }) {
  const { detect } = form.values;
  const set = (key, isOn) =>
    form.set(
      "detect",
      THINGS.map(([one]) => one).filter((one) => (one === key ? isOn : detect.includes(one))),
    );
  return html`
    <fieldset>
      <legend>Of these</legend>
      <div class="fields two slim">
        ${THINGS.map(([key, word]) => html`
          <label key=${key} class="check">
            <input
              type="checkbox"
              disabled=${isFixed}
              checked=${detect.includes(key)}
              onChange=${(event) => set(key, event.target.checked)}
            />${" "}
            ${word}
          </label>
        `)}
      </div>
      <${Wrong} form=${form} name="detect" />
    </fieldset>
  `;
}

/** Some of a list, each taken away again by its button. @param {{form: Form, list: string, word: string, isFixed: boolean}} props */
function Picked({ form, list, word, isFixed }) {
  const known = useData(() => namesOf(list), [list]).data || {};
  const ids = form.values[list];
  const open = Object.entries(known).filter(([id]) => !ids.includes(id));
  const nameOf = (id) => known[id] || id;
  return html`
    ${ids.map((id) => html`
      <span key=${id} class="pill">
        <span>
          <span class="muted">${word}</span> ${nameOf(id)}
        </span>
        ${!isFixed && html`
          <button
            type="button"
            class="button quiet icon tiny"
            aria-label=${`Take ${word} ${nameOf(id)} away`}
            onClick=${() =>
              form.set(
                list,
                ids.filter((one) => one !== id),
              )
            }
          >
            <${Icon} name="close" />
          </button>
        `}
      </span>
    `)}
    ${!isFixed && open.length > 0 && html`
      <select
        class="input slim"
        aria-label=${`Add a ${word}`}
        value=""
        onChange=${(event) => form.set(list, [...ids, event.target.value])}
      >
        <option value="">Add a ${word}…</option>
        ${open.map(([id, name]) => html`
          <option key=${id} value=${id}>
            ${name}
          </option>
        `)}
      </select>
    `}
    <${Wrong} form=${form} name=${list} />
  `;
}
