/** Forms: a field says what it is for, what is wrong with it, and where. */
import { html, useState, useRef } from "../ui.js";
import { Button } from "./basics.js";
import { Failed } from "./states.js";

/**
 * @param {{name: string, label: string, hint?: any, kind?: string, options?: [string, string][], form: Form, required?: boolean, placeholder?: string, rows?: number, list?: string[], autocomplete?: string, disabled?: boolean}} props
 */
export function Field({
  name,
  label,
  hint = null,
  kind = "text",
  options,
  form,
  required = false,
  placeholder = "",
  rows = 4,
  list,
  autocomplete = "off",
  disabled = false,
}) {
  const id = `field-${name}`;
  const wrong = form.wrong[name];
  const common = {
    id,
    name,
    required,
    disabled,
    class: "input",
    "aria-invalid": wrong ? "true" : undefined,
    "aria-describedby": wrong ? `${id}-wrong` : hint ? `${id}-hint` : undefined,
    value: form.values[name] ?? "",
    onInput: (event) => form.set(name, event.target.value),
  };
  let control;
  if (kind === "select")
    control = html`
      <select ...${common} onChange=${(event) => form.set(name, event.target.value)}>
        ${options?.map(([value, word]) => html`
          <option key=${value} value=${value} selected=${String(form.values[name] ?? "") === value}>
            ${word}
          </option>
        `)}
      </select>
    `;
  else if (kind === "lines" || kind === "long")
    control = html`<textarea ...${common} rows=${rows} placeholder=${placeholder} spellcheck=${false}></textarea>`;
  else if (kind === "check")
    return html`
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            name=${name}
            disabled=${disabled}
            checked=${Boolean(form.values[name])}
            onChange=${(event) => form.set(name, event.target.checked)}
          />${" "}
          ${label}
        </label>
        ${hint && html`<span class="hint">${hint}</span>`}
      </div>
    `;
  else
    control = html`
      <input
        ...${common}
        type=${kind}
        placeholder=${placeholder}
        autocomplete=${autocomplete}
        list=${list ? `${id}-list` : undefined}
        step=${kind === "number" ? "any" : undefined}
      />
    `;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${control}
      ${list && html`
        <datalist id=${`${id}-list`}>
          ${list.map((one) => html`
            <option key=${one} value=${one} />
          `)}
        </datalist>
      `}
      ${wrong ? html`
        <span class="wrong" id=${`${id}-wrong`}>
          ${wrong}
        </span>
      ` : hint ? html`
        <span class="hint" id=${`${id}-hint`}>
          ${hint}
        </span>
      ` : null}
    </div>
  `;
}

/** @typedef {{values: Record<string, any>, wrong: Record<string, string>, error: any, busy: boolean, isChanged: boolean, set: (name: string, value: any) => void, reset: (values: Record<string, any>) => void, submit: (event?: SubmitEvent) => Promise<void>}} Form */

/** A form's state. `save` gets the values and the value of the button; errors of the API come back to their fields. @returns {Form} */
export function useForm(start, save) {
  const [values, setValues] = useState(start);
  const [first, setFirst] = useState(start);
  const [wrong, setWrong] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  return {
    values,
    wrong,
    error,
    busy,
    isChanged: JSON.stringify(values) !== JSON.stringify(first),
    set: (name, value) => {
      setValues((was) => ({ ...was, [name]: value }));
      setWrong((was) => ({ ...was, [name]: "" }));
    },
    reset: (fresh) => {
      setValues(fresh);
      setFirst(fresh);
      setWrong({});
      setError(null);
    },
    submit: async (event) => {
      event?.preventDefault();
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(null);
      setWrong({});
      try {
        complete(event?.target);
        await save(values, event?.submitter?.getAttribute("value") || "");
      } catch (failure) {
        const fields = placed(failure.fields || {});
        setWrong(fields);
        const shown = Object.keys(fields).some((field) => field in values);
        if (!shown) setError(failure);
        requestAnimationFrame(() =>
          /** @type {HTMLElement|null} */ (document.querySelector('[aria-invalid="true"]'))?.focus(),
        );
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
  };
}

/** What is wrong with a part of a form that is no field. @param {{form: Form, name: string}} props */
export const Wrong = ({ form, name }) =>
  form.wrong[name] ? html`
    <span class="wrong" role="alert">
      ${form.wrong[name]}
    </span>
  ` : null;

/** An error that is shown at a field. */
export const wrongAt = (field, message) => Object.assign(new Error(message), { fields: { [field]: message } });

/** What is half typed counts as nothing to the browser: it must not be taken for "no limit" or "never". */
function complete(form) {
  if (!(form instanceof HTMLFormElement)) return;
  for (const one of form.elements)
    if (one instanceof HTMLInputElement && one.validity.badInput)
      throw wrongAt(one.name, one.type === "number" ? "This is no number." : "This is not complete.");
}

/** What is wrong by the field it is shown at: "timeouts.idle" at that, at "timeouts", or at "idle". */
function placed(fields) {
  const found = /** @type {Record<string, string>} */ ({});
  for (const [field, message] of Object.entries(fields)) {
    const parts = field.split(".");
    for (const name of [field, parts[0], parts[parts.length - 1]])
      found[name] ??= /** @type {string} */ (message);
  }
  return found;
}

export const FormBox = ({ form, word, more = null, onCancel = null, children, danger = null }) => html`
  <form class="stack" onSubmit=${form.submit} novalidate data-changed=${form.isChanged ? "" : null}>
    ${form.error && html`<${Failed} error=${form.error} />`}
    ${children}
    <div class="spread">
      <div class="line">
        <button class="button main" disabled=${form.busy}>
          ${form.busy ? "Working…" : word}
        </button>
        ${more}
        ${onCancel && html`<${Button} onClick=${onCancel}>Cancel<//>`}
      </div>
      ${danger}
    </div>
  </form>
`;

/** Text with one item a line -> a list. */
export const lines = (text) =>
  String(text || "")
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter(Boolean);
/** "" -> null, else a number. */
export const numberOr = (text) => (text === "" || text === null || text === undefined ? null : Number(text));
export const textOr = (text) => (text === "" || text === undefined ? null : text);
/** A moment of the API -> what a field of kind "datetime-local" holds. */
export function momentKnown(time) {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
/** "" -> null, else the moment on the viewer's clocks as the API takes it. */
export const momentGiven = (text) => (text ? new Date(text).toISOString() : null);
