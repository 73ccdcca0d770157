/** What an operator sets about a model: whether it may be asked, its name upstream, its price, its discounts. */
import { html } from "../../ui.js";
import { Icon } from "../../icons.js";
import { Button } from "../../widgets/basics.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, textOr, Wrong } from "../../widgets/form.js";

/** @type {[string, string][]} */
const CLASSES = [
  ["input", "Input"],
  ["output", "Output"],
  ["cache_read", "Cache read"],
  ["cache_write", "Cache write"],
];
const day = (text) => new Date(`${text}T00:00:00`).toISOString();
const today = () => new Date().toISOString().slice(0, 10);

/** Where the API has a model; its name may hold slashes. */
export const place = (name) => `/api/models/${name.split("/").map(encodeURIComponent).join("/")}`;

/** What is set about a model, as its form holds it. */
const held = (model) => ({
  enabled: model.enabled,
  mapped_name: model.mapped_name || "",
  ...Object.fromEntries(CLASSES.map(([key]) => [key, model.price_override?.[key] || ""])),
  discounts: model.discounts.map(discountKnown),
});

/** What the API is given: of a price always the whole, of which only some is shown here. */
function given(values, names, now) {
  const body = /** @type {Record<string, any>} */ ({});
  if (names.includes("enabled")) body.enabled = values.enabled;
  if (names.includes("mapped_name")) body.mapped_name = textOr(values.mapped_name.trim());
  if (names.includes("discounts"))
    body.discounts = values.discounts.filter((one) => one.off).map(discountGiven);
  if (CLASSES.some(([key]) => names.includes(key))) {
    const shown = Object.fromEntries(CLASSES.map(([key]) => [key, textOr(String(values[key]).trim())]));
    const rest = beside(now.price_override || {});
    const isPriced = Object.values(shown).some(Boolean) || Object.keys(rest).length > 0;
    body.price = isPriced ? { ...rest, ...shown } : null;
  }
  return body;
}

/** What somebody may have changed. */
const settable = ({ enabled, mapped_name, price_override: price, discounts }) => ({
  enabled,
  mapped_name,
  price,
  discounts,
});

/** @param {{model: any, onDone: () => void}} props */
export function ModelForm({ model, onDone }) {
  const editor = useEditor({
    row: model,
    place: place(model.name),
    held,
    given,
    settable,
    gone: "Back to what it is by itself",
    onDone,
  });
  const { form } = editor;
  return html`
    <${EditorBox}
      editor=${editor}
      question=${model.updated_at && "Forget your settings for it?"}
      gone="Reset"
      audit=${{ kind: "model", id: model.name }}
    >
      <${Field} form=${form} name="enabled" kind="check" label="May be asked for" />
      <${Field}
        form=${form}
        name="mapped_name"
        label="Called upstream"
        placeholder="the same"
        hint="What the provider is asked for instead."
      />
      <fieldset>
        <legend>Your price, US dollars per million tokens</legend>
        <div class="fields two">
          ${CLASSES.map(([key, word]) => html`
            <${Field} key=${key} form=${form} name=${key} label=${word} placeholder=${model.price?.[key] || ""} />
          `)}
        </div>
      </fieldset>
      <fieldset>
        <legend>Discounts</legend>
        <${Discounts} rows=${form.values.discounts} onChange=${(rows) => form.set("discounts", rows)} />
        <${Wrong} form=${form} name="discounts" />
      </fieldset>
    <//>
  `;
}

/** What an operator's price says beside those classes, as the API takes it: it stays when they are changed. */
function beside(known) {
  const rest = /** @type {Record<string, any>} */ ({});
  const bands = /** @type {Record<string, any>} */ ({});
  for (const [name, amount] of Object.entries(known)) {
    const [kind, ...more] = name.split(".");
    if (kind === "above") (bands[more[0]] ??= { above: Number(more[0]) })[more[1]] = amount;
    else if (more.length) (rest[`${kind}s`] ??= {})[more.join(".")] = amount;
    else if (!CLASSES.some(([key]) => key === name)) rest[name] = amount;
  }
  const longer = Object.values(bands);
  return longer.length ? { ...rest, long_context: longer } : rest;
}

const discountKnown = (one) => ({
  off: String(Number((Number(one.share) * 100).toFixed(4))),
  from: one.since.slice(0, 10),
  to: one.until ? one.until.slice(0, 10) : "",
  note: one.note,
});
const discountGiven = (one) => ({
  share: String(Number(one.off) / 100),
  since: day(one.from || today()),
  until: one.to ? day(one.to) : null,
  note: one.note,
});

function Discounts({ rows, onChange }) {
  const input = (row, n, name, label, more) => html`
    <div class="field">
      <label for=${`discount-${n}-${name}`}>${label}</label>
      <input
        id=${`discount-${n}-${name}`}
        class="input"
        value=${row[name]}
        ...${more}
        onInput=${(event) =>
          onChange(rows.map((one, at) => (at === n ? { ...one, [name]: event.target.value } : one)))
        }
      />
    </div>
  `;
  return html`
    <div class="stack tight">
      ${rows.map((row, n) => html`
        <div key=${n} class="discount">
          ${input(row, n, "off", "Percent off", {
            type: "number",
            min: 0,
            max: 100,
            step: "any",
            placeholder: "25",
          })}
          ${input(row, n, "from", "From", { type: "date" })}
          ${input(row, n, "to", "Until", { type: "date" })}
          <button
            type="button"
            class="button quiet icon"
            aria-label=${`Take discount ${n + 1} away`}
            onClick=${() => onChange(rows.filter((_, at) => at !== n))}
          >
            <${Icon} name="close" />
          </button>
        </div>
      `)}
      <div>
        <${Button}
          kind="quiet flush"
          onClick=${() => onChange([...rows, { off: "", from: today(), to: "", note: "" }])}
        >
          <${Icon} name="plus" />
          Add a discount
        <//>
      </div>
    </div>
  `;
}
