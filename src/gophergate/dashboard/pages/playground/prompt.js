/** What is typed: system, messages with pictures, results of tools, parameters. */
import { html } from "../../ui.js";
import { Button } from "../../widgets/basics.js";
import { Part } from "../../widgets/turns.js";
import { message, without } from "./draft.js";

const LARGEST = 12 * 1024 * 1024;
const EFFORTS = [
  ["", "Its own"],
  ["low", "Low"],
  ["medium", "Medium"],
  ["high", "High"],
];

/**
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {import("./draft.js").Message} Message
 * @typedef {(change: Partial<Draft>) => void} Change
 */

/** @param {{draft: Draft, onChange: Change, onSend: () => void, onProblem: (text: string) => void}} props */
export function Messages({ draft, onChange, onSend, onProblem }) {
  const { messages } = draft;
  const set = (n, change) =>
    onChange({ messages: messages.map((one, at) => (at === n ? { ...one, ...change } : one)) });
  return html`
    <div class="stack">
      <div class="field">
        <label for="play-system">System</label>
        <textarea
          id="play-system"
          class="input"
          rows="2"
          placeholder="You are…"
          value=${draft.system}
          onInput=${(event) => onChange({ system: event.target.value })}
        ></textarea>
      </div>
      ${messages.map((one, n) => html`
        <${MessageBox}
          key=${n}
          n=${n}
          message=${one}
          isLast=${n === messages.length - 1}
          onChange=${(change) => set(n, change)}
          onSend=${onSend}
          onProblem=${onProblem}
          call=${one.role === "tool" ? callOf(messages, n) : null}
          onRemove=${messages.length > 1 ? () => onChange({ messages: without(messages, n) }) : null}
        />
      `)}
      <div>
        <${Button}
          kind="quiet flush"
          onClick=${() =>
            onChange({
              messages: [
                ...messages,
                message("", messages[messages.length - 1].role === "user" ? "assistant" : "user"),
              ],
            })
          }
        >
          Add a message
        <//>
      </div>
    </div>
  `;
}

/** The call that a result is of. @param {Message[]} messages @param {number} n */
const callOf = (messages, n) =>
  messages
    .slice(0, n)
    .flatMap((one) => one.calls)
    .findLast((call) => call.id === messages[n].answers);

function MessageBox({ n, message: one, call, isLast, onChange, onRemove, onSend, onProblem }) {
  const { role, text, images, calls } = one;
  const id = isLast ? "play-prompt" : `play-message-${n}`;
  const sends = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && onSend();
  if (role === "tool")
    return html`
      <div class="field">
        <label for=${id}>Result of ${call?.name || "a tool"}</label>
        <textarea
          id=${id}
          class="input mono short"
          rows="2"
          value=${text}
          onInput=${(event) => onChange({ text: event.target.value })}
          onKeyDown=${sends}
        ></textarea>
      </div>
    `;
  const add = (files) =>
    pictures(files, onProblem).then((found) => found.length && onChange({ images: [...images, ...found] }));
  return html`
    <div
      class="field drop"
      onDragOver=${(event) => event.preventDefault()}
      onDrop=${(event) => {
        event.preventDefault();
        add(event.dataTransfer.files);
      }}
      onPaste=${(event) => add(event.clipboardData?.files || [])}
    >
      <div class="spread">
        <div class="line">
          <label for=${id}>Message</label>
          ${calls.length ? html`
            <span class="muted">Assistant</span>
          ` : html`
            <select
              class="input slim"
              aria-label=${`Who says message ${n + 1}`}
              onChange=${(event) => onChange({ role: event.target.value })}
            >
              <option value="user" selected=${role === "user"}>
                User
              </option>
              <option value="assistant" selected=${role === "assistant"}>
                Assistant
              </option>
            </select>
          `}
        </div>
        ${onRemove && html`
          <${Button} kind="quiet" aria-label=${`Remove message ${n + 1}`} onClick=${onRemove}>
            Remove
          <//>
        `}
      </div>
      <textarea
        id=${id}
        class=${`input ${calls.length ? "short" : ""}`}
        rows=${isLast ? 5 : calls.length ? 1 : 2}
        placeholder=${calls.length ? "nothing was said beside the calls" : ""}
        value=${text}
        onInput=${(event) => onChange({ text: event.target.value })}
        onKeyDown=${sends}
      ></textarea>
      ${calls.length > 0 && html`
        <div class="turn">
          ${calls.map((made) => html`
            <${Part} key=${made.id} part=${{ kind: "tool", ...made }} />
          `)}
        </div>
      `}
      ${!calls.length && html`
        <span class="hint">
          ${isLast ? "Ctrl+Enter asks. " : ""}Drop or paste pictures here, or${" "}
          <label
            class="choose"
            tabIndex="0"
            onKeyDown=${(event) => event.key === "Enter" && event.currentTarget.click()}
          >
            choose some
            <input
              class="hidden"
              type="file"
              accept="image/*"
              multiple
              tabIndex="-1"
              aria-label=${`Pictures for message ${n + 1}`}
              onChange=${(event) => {
                add([...event.target.files]);
                event.target.value = "";
              }}
            />
          </label>
          .
        </span>
      `}
      ${images.length > 0 && html`
        <div class="thumbs">
          ${images.map((url, at) => html`
            <button
              key=${at}
              type="button"
              class="button quiet"
              title="Take it away"
              onClick=${() => onChange({ images: images.filter((_, other) => other !== at) })}
            >
              <img src=${url} alt=${`Picture ${at + 1}`} />
            </button>
          `)}
        </div>
      `}
    </div>
  `;
}

/** Pictures as data addresses. @param {Iterable<File>} files @returns {Promise<string[]>} */
async function pictures(files, onProblem) {
  const found = [];
  for (const file of files) {
    if (!file.type.startsWith("image/")) onProblem(`${file.name} is not a picture.`);
    else if (file.size > LARGEST) onProblem(`${file.name} is larger than 12 MB.`);
    else found.push(file);
  }
  return Promise.all(found.map(dataAddress));
}

const dataAddress = (file) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });

/** @param {{draft: Draft, onChange: Change}} props */
export function Parameters({ draft, onChange }) {
  const number = (name, label, more) => html`
    <div class="field">
      <label for=${`play-${name}`}>${label}</label>
      <input
        id=${`play-${name}`}
        class="input"
        type="number"
        placeholder="its own"
        ...${more}
        value=${draft[name]}
        onInput=${(event) => onChange({ [name]: event.target.value })}
      />
    </div>
  `;
  return html`
    <div class="stack">
      <div class="fields two">
        ${number("temperature", "Temperature", { step: "0.1", min: "0", max: "2" })}
        ${number("topP", "Top p", { step: "0.05", min: "0", max: "1" })}
        ${number("limit", "Most tokens", { min: "1", step: "1" })}
        <div class="field">
          <label for="play-effort">Reasoning effort</label>
          <select id="play-effort" class="input" onChange=${(event) => onChange({ effort: event.target.value })}>
            ${EFFORTS.map(([value, word]) => html`
              <option key=${value} value=${value} selected=${draft.effort === value}>
                ${word}
              </option>
            `)}
          </select>
        </div>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked=${draft.stream}
          onChange=${(event) => onChange({ stream: event.target.checked })}
        />${" "}
        Stream
      </label>
    </div>
  `;
}
