/** Rules as sentences: when this is so, that model is asked. The first that fits wins. */
import { html } from "../../ui.js";
import { Icon } from "../../icons.js";
import { Button } from "../../widgets/basics.js";
import { lines } from "../../widgets/form.js";
import { asks, CONDITIONS, sentence } from "./definition.js";

/** @typedef {import("./definition.js").Rule} Rule */

/** @param {{rules: Rule[], onChange: (rules: Rule[]) => void, isFixed: boolean}} props */
export function Rules({ rules, onChange, isFixed }) {
  const set = (at, rule) => onChange(rules.map((one, n) => (n === at ? rule : one)));
  return html`
    <div class="field">
      <span class="label">Rules, the first that fits</span>
      <ol class="stack tight">
        ${rules.map((rule, n) => html`
          <li key=${n} class="card rule">
            <div class="spread nowrap">
              <span>
                ${sentence(rule)} → <b>${rule.model || "…"}</b>
                ${rule.fallback ? html`
                  , else <b>${rule.fallback}</b>
                ` : (
                  ""
                )}
              </span>
              ${!isFixed && html`
                <button
                  type="button"
                  class="button quiet icon"
                  aria-label=${`Take rule ${n + 1} away`}
                  onClick=${() => onChange(rules.filter((_, at) => at !== n))}
                >
                  <${Icon} name="close" />
                </button>
              `}
            </div>
            ${!isFixed && html`<${RuleFields} rule=${rule} onChange=${(changed) => set(n, changed)} />`}
          </li>
        `)}
      </ol>
      ${!isFixed && html`
        <div>
          <${Button} kind="quiet flush" onClick=${() => onChange([...rules, { model: "" }])}>
            <${Icon} name="plus" />
            Add a rule
          <//>
        </div>
      `}
    </div>
  `;
}

/** @param {{rule: Rule, onChange: (rule: Rule) => void}} props */
function RuleFields({ rule, onChange }) {
  const open = CONDITIONS.filter(([name]) => !asks(rule, name));
  const without = (name) => {
    const { [name]: _, ...rest } = /** @type {any} */ (rule);
    onChange(rest);
  };
  const add = (event) => {
    const found = CONDITIONS.find(([name]) => name === event.target.value);
    if (found) onChange({ ...rule, [found[0]]: found[3] });
    event.target.value = "";
  };
  return html`
    <div class="stack tight">
      ${CONDITIONS.filter(([name]) => asks(rule, name)).map(([name, words, kind]) => html`
        <div key=${name} class="line nowrap condition">
          <span class="grow small">${words}</span>
          <${Value} name=${name} words=${words} kind=${kind} rule=${rule} onChange=${onChange} />
          <button
            type="button"
            class="button quiet icon"
            aria-label=${`Take the condition "${words}" away`}
            onClick=${() => without(name)}
          >
            <${Icon} name="close" />
          </button>
        </div>
      `)}
      <div class="line nowrap">
        ${open.length > 0 && html`
          <select class="input slim" aria-label="Add a condition" value="" onChange=${add}>
            <option value="">Add a condition…</option>
            ${open.map(([name, words]) => html`
              <option key=${name} value=${name}>
                ${words}
              </option>
            `)}
          </select>
        `}
        <label class="check small">
          <input
            type="checkbox"
            checked=${Boolean(rule.is_default_fallback)}
            onChange=${(event) => onChange({ ...rule, is_default_fallback: event.target.checked })}
          />${" "}
          where no rule fits
        </label>
      </div>
      <div class="fields two">
        <input
          class="input slim"
          list="model-names"
          aria-label="Asked then"
          placeholder="asked then"
          value=${rule.model}
          onInput=${(event) => onChange({ ...rule, model: event.target.value })}
        />
        <input
          class="input slim"
          list="model-names"
          aria-label="Asked when that fails"
          placeholder="and when that fails (optional)"
          value=${rule.fallback || ""}
          onInput=${(event) => onChange({ ...rule, fallback: event.target.value })}
        />
      </div>
    </div>
  `;
}

function Value({ name, words, kind, rule, onChange }) {
  const set = (value) => onChange({ ...rule, [name]: value });
  if (kind === "flag")
    return html`
      <select class="input slim" aria-label=${words} onChange=${(event) => set(event.target.value === "yes")}>
        <option value="yes" selected=${rule[name]}>
          yes
        </option>
        <option value="no" selected=${!rule[name]}>
          no
        </option>
      </select>
    `;
  if (kind === "number")
    return html`
      <input
        class="input slim"
        type="number"
        min="1"
        aria-label=${words}
        value=${rule[name]}
        onInput=${(event) => set(event.target.value === "" ? "" : Number(event.target.value))}
      />
    `;
  if (kind === "tags")
    return html`
      <input
        class="input slim"
        aria-label=${words}
        placeholder="env=prod, urgent"
        value=${rule[name].join(", ")}
        onChange=${(event) => set(lines(event.target.value))}
      />
    `;
  return html`
    <input
      class="input slim"
      aria-label=${words}
      value=${rule.pattern}
      onInput=${(event) => set(event.target.value)}
    />
    <label class="check small">
      <input
        type="checkbox"
        checked=${Boolean(rule.regex)}
        onChange=${(event) => onChange({ ...rule, regex: event.target.checked })}
      />${" "}
      pattern
    </label>
    <label class="check small">
      <input
        type="checkbox"
        checked=${Boolean(rule.case)}
        onChange=${(event) => onChange({ ...rule, case: event.target.checked })}
      />${" "}
      case
    </label>
  `;
}
