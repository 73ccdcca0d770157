/** The tools as a list: each opens to its name, its description and the schema of its arguments, checked as it is typed. */
import { html, useState } from "../../ui.js";
import { Icon } from "../../icons.js";
import { plural } from "../../format.js";
import { Button, Pill } from "../../widgets/basics.js";
import { EXAMPLES } from "./examples.js";
import { readJson } from "./json.js";
import { JsonBox } from "./jsonbox.js";
import { definedTools, MODES, newTool, wrongWith } from "./tools.js";

/**
 * @typedef {import("./tools.js").Tool} Tool
 * @typedef {(change: Partial<import("./draft.js").Draft>) => void} Change
 */

/** @param {{tools: Tool[], choice: import("./tools.js").Choice, onChange: Change}} props */
export function Toolbox({ tools, choice, onChange }) {
  const [open, setOpen] = useState(0);
  const add = (/** @type {Parameters<typeof newTool>[1]} */ given) => {
    const made = newTool(tools, given);
    onChange({ tools: [...tools, made] });
    setOpen(made.id);
  };
  const remove = (id) =>
    onChange({ tools: tools.filter((one) => one.id !== id), ...(choice === id ? { choice: "auto" } : {}) });
  const change = (id, some) =>
    onChange({ tools: tools.map((one) => (one.id === id ? { ...one, ...some } : one)) });
  /** @param {Tool} tool @param {ReturnType<typeof definedTools>} parts */
  const takeApart = (tool, parts) => {
    const made = parts.reduce(
      (sum, one) => [...sum, newTool([...tools, ...sum], one)],
      /** @type {Tool[]} */ ([]),
    );
    onChange({ tools: tools.flatMap((one) => (one.id === tool.id ? made : [one])) });
    setOpen(made[0].id);
  };
  return html`
    <fieldset class="toolbox">
      <legend>Tools</legend>
      ${tools.length > 0 && html`
        <ul class="toollist">
          ${tools.map((tool) => html`
            <${Item}
              key=${tool.id}
              tool=${tool}
              wrong=${wrongWith(tool, tools)}
              isOpen=${tool.id === open}
              onOpen=${() => setOpen(tool.id === open ? 0 : tool.id)}
              onRemove=${() => remove(tool.id)}
              onChange=${(some) => change(tool.id, some)}
              onTakeApart=${(parts) => takeApart(tool, parts)}
            />
          `)}
        </ul>
      `}
      <div class="line">
        <${Button} onClick=${() => add({})}>
          <${Icon} name="plus" />
          Add a tool
        <//>
        <select
          class="input slim"
          aria-label="Add from an example"
          onChange=${(event) => {
            const example = EXAMPLES[Number(event.target.value)];
            event.target.value = "";
            if (example) add(example);
          }}
        >
          <option value="">Add from an example…</option>
          ${EXAMPLES.map((example, n) => html`
            <option key=${example.name} value=${n}>
              ${example.name}
            </option>
          `)}
        </select>
        ${tools.length > 0 && html`<${Choosing} tools=${tools} choice=${choice} onChange=${onChange} />`}
      </div>
    </fieldset>
  `;
}

function Choosing({ tools, choice, onChange }) {
  const option = (value, word) => html`
    <option key=${value} value=${value} selected=${choice === value}>
      ${word}
    </option>
  `;
  return html`
    <label class="line nowrap end">
      <span class="small muted">Choice</span>
      <select
        class="input slim"
        aria-label="Tool choice"
        onChange=${({ target: { value } }) => onChange({ choice: /^\d+$/.test(value) ? Number(value) : value })}
      >
        ${MODES.map(([value, word]) => option(value, word))}
        ${tools.map((tool) => option(tool.id, `Only ${tool.name || "the unnamed one"}`))}
      </select>
    </label>
  `;
}

/**
 * @param {{tool: Tool, wrong: import("./tools.js").Wrong, isOpen: boolean, onOpen: () => void, onRemove: () => void,
 *   onChange: (some: Partial<Tool>) => void, onTakeApart: (parts: any[]) => void}} props
 */
function Item({ tool, wrong, isOpen, onOpen, onRemove, onChange, onTakeApart }) {
  const { id, name, description, schema } = tool;
  const id_ = `tool-${id}`;
  const stops = Number(Boolean(wrong.name)) + Number(Boolean(wrong.schema));
  const set = (key) => (event) => onChange({ [key]: event.target.value });
  return html`
    <li>
      <div class="nowrap line head">
        <button type="button" class="opener" aria-expanded=${isOpen} aria-controls=${id_} onClick=${onOpen}>
          <b class="mono">${name || "unnamed"}</b>
          <span class="clip small muted">${description}</span>
          ${stops > 0 ? html`
            <${Pill} kind="bad">${stops} to mend<//>
          ` : (
            wrong.odd.length > 0 && html`<${Pill} kind="warn">${plural(wrong.odd.length, "remark")}<//>`
          )}
        </button>
        <button
          type="button"
          class="button quiet icon"
          aria-label=${`Remove the tool ${name || "unnamed"}`}
          title="Remove"
          onClick=${onRemove}
        >
          <${Icon} name="trash" />
        </button>
      </div>
      ${isOpen && html`
        <div class="stack" id=${id_}>
          <div class="field">
            <label for=${`${id_}-name`}>Name</label>
            <input
              id=${`${id_}-name`}
              class="input mono"
              autocomplete="off"
              spellcheck="false"
              placeholder="get_weather"
              aria-invalid=${wrong.name ? "true" : undefined}
              aria-describedby=${`${id_}-name-said`}
              value=${name}
              onInput=${set("name")}
            />
            <span id=${`${id_}-name-said`} class=${wrong.name ? "wrong" : "hint"}>
              ${wrong.name || "What the model calls it by."}
            </span>
          </div>
          <div class="field">
            <label for=${`${id_}-description`}>Description</label>
            <textarea
              id=${`${id_}-description`}
              class="input short"
              rows="2"
              placeholder="What it does and when to use it"
              value=${description}
              onInput=${set("description")}
            ></textarea>
          </div>
          <${Schema}
            id=${`${id_}-schema`}
            schema=${schema}
            wrong=${wrong}
            onChange=${onChange}
            onTakeApart=${onTakeApart}
          />
        </div>
      `}
    </li>
  `;
}

function Schema({ id, schema, wrong, onChange, onTakeApart }) {
  const { value, flaw } = readJson(schema);
  // Whole definitions are pasted here, too: of one tool, of several, or a request with them.
  const parts = flaw ? [] : definedTools(Array.isArray(value) ? value : (value?.tools ?? [value]));
  return html`
    <${JsonBox}
      id=${id}
      label="Arguments, as a JSON schema"
      hint=${schema.trim() ? "It is right." : "Nothing: it takes no arguments."}
      value=${schema}
      wrong=${wrong.schema ? [wrong.schema] : []}
      odd=${parts.length ? [] : wrong.odd}
      onChange=${(text) => onChange({ schema: text })}
    >
      ${parts.length > 0 && html`
        <${Button} kind="slim" onClick=${() => onTakeApart(parts)}>
          ${parts.length === 1
            ? "This is a whole tool: take it apart"
            : `These are ${parts.length} tools: take them apart`}
        <//>
      `}
      <${Button}
        kind="quiet slim"
        disabled=${Boolean(flaw)}
        onClick=${() => onChange({ schema: JSON.stringify(value, null, 2) })}
      >
        Format
      <//>
    <//>
  `;
}
