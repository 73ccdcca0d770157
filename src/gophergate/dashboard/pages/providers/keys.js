/** The keys of a provider: how each is, its share of the calls; added, replaced, tried, weighed and removed one by one. */
import { html, useState } from "../../ui.js";
import { may, patch } from "../../api.js";
import { inWords, percent } from "../../format.js";
import { Button, Pill, Sure, When } from "../../widgets/basics.js";
import { Field, FormBox, useForm, wrongAt } from "../../widgets/form.js";
import { toast } from "../../widgets/toasts.js";
import { place } from "./place.js";
import { Trial } from "./trial.js";
import { keysOf, OWN } from "./words.js";

/** @param {{row: any, kind: any, mine: boolean, onChange: () => void}} props `mine`: they may be changed here */
export function Keys({ row, kind, mine, onChange }) {
  const keys = keysOf(row);
  const [open, setOpen] = useState("");
  const [trouble, setTrouble] = useState("");
  /** Change them as they were read: what somebody else did meanwhile is shown instead of being undone. */
  const save = async (body, done) => {
    try {
      await patch(place(row.name), body, row.etag);
    } catch (error) {
      if (error.status !== 412) throw error;
      onChange();
      throw new Error("Somebody changed it meanwhile. It is shown as it is now: look, then do it again.");
    }
    toast(done);
    setOpen("");
    setTrouble("");
    onChange();
  };
  const rest = (without = "") =>
    row.credentials.filter((one) => one.label !== without).map(({ label, weight }) => ({ label, weight }));
  const remove = ({ label }) =>
    save(label === OWN ? { api_key: null } : { credentials: rest(label) }, `The key ${label} is removed`).catch(
      (error) => setTrouble(error.message),
    );
  const replace = (label, api_key) =>
    save(
      label === OWN
        ? { api_key }
        : { credentials: rest().map((one) => (one.label === label ? { ...one, api_key } : one)) },
      `The key ${label} is replaced; new calls use it at once`,
    );
  const add = ({ label, api_key, weight }) =>
    save(
      keys.length || label !== OWN
        ? { credentials: [...rest(), { label, api_key, weight: Number(weight) }] }
        : { api_key },
      `The key ${label} is added; new calls use it at once`,
    );
  const weigh = (weights) =>
    save(
      {
        ...(OWN in weights ? { api_key_weight: weights[OWN] } : {}),
        credentials: rest().map((one) => ({ ...one, weight: weights[one.label] })),
      },
      "The shares are changed",
    );
  const canRemove = mine && (keys.length > 1 || !kind?.needs_key);
  return html`
    <div class="stack">
      ${trouble && html`
        <div class="notice bad" role="alert">
          ${trouble}
        </div>
      `}
      ${!keys.length && html`<p class="muted">It has no key${kind?.needs_key ? "" : ", and needs none"}.</p>`}
      <ul class="keys" aria-label="Keys">
        ${keys.map((one) => html`
          <li key=${one.label}>
            <div class="spread">
              <span class="line">
                <b>${one.label}</b> <code>${one.masked}</code>
                <${Health} ailment=${one.ailment} />
              </span>
              ${keys.length > 1 && html`
                <span class="muted small">
                  ${one.weight
                    ? `weight ${one.weight}, ${percent(one.share)} of the calls`
                    : "only where no other is left"}
                </span>
              `}
            </div>
            ${one.ailment && html`
              <p class="small">
                ${inWords(one.ailment.reason)}. Used again <${When} at=${one.ailment.until} />.
              </p>
            `}
            <div class="line">
              ${may("configure") && row.enabled && html`<${Trial} name=${row.name} credential=${one.label} />`}
              ${mine && html`
                <${Button}
                  onClick=${() => setOpen(open === one.label ? "" : one.label)}
                  aria-expanded=${open === one.label}
                >
                  Replace
                <//>
              `}
              ${canRemove && html`
                <${Sure}
                  word="Remove"
                  question=${`Calls no longer go on ${one.label}.`}
                  onSure=${() => remove(one)}
                />
              `}
            </div>
            ${open === one.label && html`<${Replace} label=${one.label} onSave=${replace} onCancel=${() => setOpen("")} />`}
          </li>
        `)}
      </ul>
      ${mine && keys.length > 1 && html`<${Weights} key=${row.etag} keys=${keys} onSave=${weigh} />`}
      ${mine &&
        (open === "+" ? html`
          <${Add} keys=${keys} onSave=${add} onCancel=${() => setOpen("")} />
        ` : html`
          <div>
            <${Button} onClick=${() => setOpen("+")}>${keys.length ? "Add another key" : "Add a key"}<//>
          </div>
        `)}
      ${!mine && row.source === "file" && html`
        <div class="notice">They stand in the configuration file, and are changed there.</div>
      `}
    </div>
  `;
}

const Health = ({ ailment }) => (ailment ? html`<${Pill} kind="warn">cools down<//>` : html`<${Pill} kind="ok">ready<//>`);

function Replace({ label, onSave, onCancel }) {
  const form = useForm({ api_key: "" }, (values) => onSave(label, values.api_key.trim()));
  return html`
    <${FormBox} form=${form} word="Replace it" onCancel=${onCancel}>
      <${Field}
        form=${form}
        name="api_key"
        label=${`New key for ${label}`}
        kind="password"
        autocomplete="new-password"
        hint="Kept encrypted; shown masked from now on. Calls under way end on the old one."
      />
    <//>
  `;
}

function Add({ keys, onSave, onCancel }) {
  const free = [OWN, "second", "third", "fourth"].find((word) => !keys.some((one) => one.label === word));
  const form = useForm({ label: free || `key-${keys.length + 1}`, api_key: "", weight: 1 }, (values) => {
    const label = values.label.trim();
    if (keys.some((one) => one.label === label)) throw wrongAt("label", `There is a key ${label} already.`);
    return onSave({ ...values, label, api_key: values.api_key.trim() });
  });
  return html`
    <${FormBox} form=${form} word="Add the key" onCancel=${onCancel}>
      <${Field}
        form=${form}
        name="api_key"
        label="Key"
        kind="password"
        autocomplete="new-password"
        hint="Kept encrypted; shown masked from now on."
      />
      ${keys.length > 0 && html`
        <div class="fields two">
          <${Field} form=${form} name="label" label="Called" hint="To tell it from the others." />
          <${Field}
            form=${form}
            name="weight"
            kind="number"
            label="Weight"
            hint="Its share of the calls; 0 is a spare."
          />
        </div>
      `}
    <//>
  `;
}

function Weights({ keys, onSave }) {
  const start = Object.fromEntries(keys.map((one) => [one.label, one.weight]));
  const form = useForm(start, (values) => {
    const wrong = Object.keys(start).filter((label) => values[label] === "" || !(Number(values[label]) >= 0));
    if (wrong.length)
      throw Object.assign(new Error(), {
        fields: Object.fromEntries(wrong.map((label) => [label, "A number, 0 or more."])),
      });
    return onSave(Object.fromEntries(Object.keys(start).map((label) => [label, Number(values[label])])));
  });
  const isChanged = Object.keys(start).some((label) => String(form.values[label]) !== String(start[label]));
  return html`
    <form class="stack tight" onSubmit=${form.submit} novalidate>
      <fieldset>
        <legend>Weights</legend>
        ${form.error && html`
          <div class="notice bad" role="alert">
            ${form.error.message}
          </div>
        `}
        <div class="fields four">
          ${keys.map((one) => html`
            <${Field} key=${one.label} form=${form} name=${one.label} kind="number" label=${one.label} />
          `)}
        </div>
      </fieldset>
      ${isChanged && html`
        <div class="line">
          <button class="button main" disabled=${form.busy}>
            Save the weights
          </button>
          <${Button} onClick=${() => form.reset(start)}>As they were<//>
        </div>
      `}
    </form>
  `;
}
