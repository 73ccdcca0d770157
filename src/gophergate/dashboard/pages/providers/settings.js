/** What is set about a provider. The usual stands open, the rest folded with what it is now. */
import { html } from "../../ui.js";
import { span } from "../../members.js";
import { Button } from "../../widgets/basics.js";
import {
  DISCONNECT,
  DisconnectFields,
  disconnectGiven,
  disconnectKnown,
  disconnectWord,
} from "../../widgets/disconnect.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, lines, numberOr, textOr } from "../../widgets/form.js";
import { Part } from "../../widgets/part.js";
import { place } from "./place.js";
import { DIALECTS, spoken } from "./words.js";

/** @type {[string, string][]} */
const TIMES = [
  ["connect", "To connect"],
  ["first_byte", "First byte"],
  ["idle", "Silence"],
  ["total", "In all"],
];
const GROUPS = {
  timeouts: TIMES.map(([name]) => name),
  breaker: ["failures", "recovery", "probe"],
};
const LONE = ["enabled", "kind", "base_url", "models", "speaks", "concurrency", "retries", "retry_deadline"];

/** A provider as the form holds it, by the names that the API's errors have. */
const held = (row) => ({
  enabled: row.enabled,
  kind: row.kind,
  base_url: row.base_url || "",
  models: row.models.join("\n"),
  speaks: row.speaks,
  concurrency: row.concurrency ?? "",
  retries: row.retries ?? "",
  retry_deadline: row.retry_deadline,
  ...Object.fromEntries(
    Object.entries(GROUPS).flatMap(([group, names]) =>
      names.map((name) => [`${group}.${name}`, row[group]?.[name] ?? ""]),
    ),
  ),
  ...disconnectKnown(row.disconnect),
});

/** What the API is given: only what differs. */
function given(values, names, kinds) {
  const own = kinds.find((one) => one.kind === values.kind)?.speaks || [];
  const said = {
    enabled: values.enabled,
    kind: values.kind,
    base_url: textOr(values.base_url.trim()),
    models: lines(values.models),
    speaks: String(values.speaks) === String(own) ? null : values.speaks,
    concurrency: numberOr(values.concurrency),
    retries: numberOr(values.retries),
    retry_deadline: numberOr(values.retry_deadline),
  };
  const body = /** @type {Record<string, any>} */ ({});
  for (const name of LONE) if (names.includes(name)) body[name] = said[name];
  for (const [group, members] of Object.entries(GROUPS)) {
    if (!members.some((name) => names.includes(`${group}.${name}`))) continue;
    body[group] = {};
    for (const name of members) {
      const value = values[`${group}.${name}`];
      if (value !== "") body[group][name] = Number(value);
    }
  }
  if (DISCONNECT.some((name) => names.includes(name))) body.disconnect = disconnectGiven(values);
  return body;
}

/** What somebody may have changed. */
const settable = (row) =>
  Object.fromEntries(
    [...LONE, ...Object.keys(GROUPS), "disconnect", "api_key_masked", "api_key_weight", "credentials"].map(
      (name) => [name, row[name]],
    ),
  );

/** @param {{provider: any, kinds: any[], onDone: () => void, onGone: () => void}} props */
export function Settings({ provider, kinds, onDone, onGone }) {
  const editor = useEditor({
    row: provider,
    place: place(provider.name),
    held,
    given: (values, names) => given(values, names, kinds),
    settable,
    said: "Saved; new calls use it at once",
    gone: "The provider is deleted",
    onDone,
    onGone,
  });
  const { form } = editor;
  const kind = kinds.find((one) => one.kind === form.values.kind);
  const inProcess = kind?.kind === "simulator";
  return html`
    <${EditorBox}
      editor=${editor}
      question="Its models can no longer be asked for."
      audit=${{ kind: "provider", id: provider.name }}
    >
      <${Field} form=${form} name="enabled" kind="check" label="Calls may go to it" />
      ${!inProcess && html`
        <${Field}
          form=${form}
          name="base_url"
          label="Address"
          placeholder=${kind?.base_url || "https://host/v1"}
          hint=${kind?.base_url ? "Empty: its own." : null}
        />
        <${Field}
          form=${form}
          name="models"
          kind="lines"
          label="Models to list"
          hint="One a line. Empty: the provider's own list."
        />
        <${Part}
          form=${form}
          word="Time-outs"
          names=${TIMES.map(([name]) => `timeouts.${name}`)}
          now=${timesNow(form, kind)}
        >
          <div class="fields four">
            ${TIMES.map(([name, word]) => html`
              <${Field}
                key=${name}
                form=${form}
                name=${`timeouts.${name}`}
                kind="number"
                label=${`${word}, seconds`}
                placeholder=${String(kind?.timeouts[name] ?? "")}
              />
            `)}
          </div>
        <//>
      `}
      <${Part}
        form=${form}
        word="Retries and calls at a time"
        names=${["retries", "retry_deadline", "concurrency"]}
        now=${`${or(form.values.retries, kind?.retries ?? 1)} within ${seconds(form.values.retry_deadline)}; ${or(form.values.concurrency, "any number")} at a time`}
      >
        <div class="fields four">
          <${Field}
            form=${form}
            name="retries"
            kind="number"
            label="Retries"
            placeholder=${String(kind?.retries ?? 1)}
          />
          <${Field}
            form=${form}
            name="retry_deadline"
            kind="number"
            label="Only within, seconds"
            placeholder="180"
          />
          <${Field}
            form=${form}
            name="concurrency"
            kind="number"
            label="Calls at a time"
            placeholder="any number"
          />
        </div>
      <//>
      <${Part}
        form=${form}
        word="Circuit breaker"
        names=${GROUPS.breaker.map((name) => `breaker.${name}`)}
        now=${`after ${or(form.values["breaker.failures"], 5)} failures in a row, for ${seconds(or(form.values["breaker.recovery"], 300))}`}
      >
        <div class="fields four">
          <${Field} form=${form} name="breaker.failures" kind="number" label="Failures in a row" placeholder="5" />
          <${Field}
            form=${form}
            name="breaker.recovery"
            kind="number"
            label="Left alone, seconds"
            placeholder="300"
          />
          <${Field}
            form=${form}
            name="breaker.probe"
            kind="number"
            label="Free look every, seconds"
            placeholder="0"
            hint="0 never looks."
          />
        </div>
      <//>
      <${Part} form=${form} word="When a client leaves" names=${DISCONNECT} now=${disconnectWord(form.values)}>
        <${DisconnectFields} form=${form} />
      <//>
      <${Part}
        form=${form}
        word="Kind and dialects"
        names=${["kind", "speaks"]}
        now=${[kind?.label, ...form.values.speaks.map(spoken)].filter(Boolean).join(", ")}
      >
        <${Field}
          form=${form}
          name="kind"
          kind="select"
          label="Kind"
          options=${kinds.map((one) => [one.kind, one.label])}
        />
        <${Dialects} form=${form} kind=${kind} />
      <//>
    <//>
  `;
}

const or = (value, otherwise) => (value === "" || value === null || value === undefined ? otherwise : value);
const seconds = (value) => (Number(value) > 0 ? span(Number(value)) : `${value} s`);
const timesNow = (form, kind) =>
  TIMES.map(
    ([name, word]) =>
      `${word.toLowerCase()} ${seconds(or(form.values[`timeouts.${name}`], kind?.timeouts[name]))}`,
  ).join(", ");

/** Which of its languages are used; the first that is the caller's own, else the first. */
function Dialects({ form, kind }) {
  const possible = kind?.kind === "compatible" ? DIALECTS : kind?.speaks || [];
  const used = form.values.speaks;
  if (possible.length < 2) return null;
  const set = (speaks) => form.set("speaks", speaks);
  return html`
    <fieldset aria-describedby="field-speaks-wrong">
      <legend>Dialects, the preferred one first</legend>
      ${[...used, ...possible.filter((one) => !used.includes(one))].map((one) => html`
        <div class="line" key=${one}>
          <label class="check">
            <input
              type="checkbox"
              checked=${used.includes(one)}
              onChange=${(event) =>
                set(event.target.checked ? [...used, one] : used.filter((each) => each !== one))
              }
            />${" "}
            ${spoken(one)}
          </label>
          ${used.indexOf(one) > 0 && html`
            <${Button} kind="quiet" onClick=${() => set([one, ...used.filter((each) => each !== one)])}>
              Prefer ${spoken(one)}
            <//>
          `}
        </div>
      `)}
      ${form.wrong.speaks && html`
        <span class="wrong" id="field-speaks-wrong">
          ${form.wrong.speaks}
        </span>
      `}
    </fieldset>
  `;
}
