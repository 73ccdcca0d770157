/** A group, edited: targets, how one is chosen, what happens when all fail; saved as a draft or put in force. */
import { html, useData } from "../../ui.js";
import { all, get, may, post, put } from "../../api.js";
import { count } from "../../format.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, useForm, Wrong } from "../../widgets/form.js";
import { toast } from "../../widgets/toasts.js";
import { Explain } from "./explain.js";
import { ClassifierFields } from "./classifier.js";
import { bodyOf, held, settable, STRATEGIES } from "./definition.js";
import { Rules } from "./rules.js";
import { Simulate } from "./simulate.js";
import { TargetRows } from "./targets.js";
import { Tuning } from "./tuning.js";

const HOUR = 3600000;

/** What a group is called in a question while it has no name. */
const UNNAMED = "the-new-group";
const place = (name) => `/api/groups/${encodeURIComponent(name)}`;
/** Beside the button that puts it in force. */
const Draft = () => html`
  <button class="button" value="draft">
    Save as a draft
  </button>
`;
const said = (how) => (how === "draft" ? "Saved as a draft" : "In force");

/** @param {{group: any, onDone: (saved: any) => void, onGone: () => void}} props */
export function Editor({ group, onDone, onGone }) {
  if (!group.name) return html`<${New} group=${group} onDone=${onDone} />`;
  if (group.source === "file" || !may("route")) return html`<${Fixed} group=${group} />`;
  return html`<${Change} group=${group} onDone=${onDone} onGone=${onGone} />`;
}

function New({ group, onDone }) {
  const form = useForm({ name: "", ...held(group) }, async (values, how) => {
    const body = { ...bodyOf(group, values), name: values.name.trim(), draft: how === "draft" };
    const made = await post("/api/groups", body);
    toast(said(how));
    onDone(made);
  });
  return html`
    <div class="stack">
      <${FormBox} form=${form} word="Create the group" more=${html`<${Draft} />`}>
        <${Field}
          form=${form}
          name="name"
          label="Name"
          placeholder="fast"
          hint="What callers ask for as the model."
        />
        <${Fields} form=${form} />
      <//>
      <${Beforehand} name="" body=${() => bodyOf(group, form.values)} />
    </div>
  `;
}

/** What stands in the file, or who looks may not change. */
function Fixed({ group }) {
  const form = useForm(held(group), async () => {});
  return html`
    <div class="stack">
      ${group.source === "file" && html`
        <div class="notice">It stands in the configuration file, and is changed there.</div>
      `}
      <${Fields} form=${form} isFixed />
      <${Beforehand} name=${group.name} body=${() => bodyOf(group, form.values)} />
    </div>
  `;
}

function Change({ group, onDone, onGone }) {
  const editor = useEditor({
    row: group,
    place: place(group.name),
    held,
    given: (values, _, now) => bodyOf(now, values),
    write: (body, etag, how) => put(place(group.name), { ...body, draft: how === "draft" }, etag),
    settable,
    said,
    gone: "The group is deleted",
    onDone: () => onDone(group),
    onGone,
  });
  return html`
    <div class="stack">
      <${EditorBox}
        editor=${editor}
        word="Put in force"
        more=${html`<${Draft} />`}
        question="Callers who ask for it get an error."
        audit=${{ kind: "group", id: group.name }}
      >
        <${Fields} form=${editor.form} />
      <//>
      <${Beforehand} name=${group.name} body=${() => bodyOf(group, editor.form.values)} />
    </div>
  `;
}

/** What it would do, as it stands in the editor: with a request, and with those that there were. */
function Beforehand({ name, body }) {
  return html`
    <section class="stack tight">
      <h3>Where would it go?</h3>
      <${Explain} group=${() => ({ ...body(), name: name || UNNAMED })} />
    </section>
    ${name && may("route") && html`<${Simulate} name=${name} body=${body} />`}
  `;
}

/** @param {{form: import("../../widgets/form.js").Form, isFixed?: boolean}} props */
function Fields({ form, isFixed = false }) {
  const { strategy, targets, fallbacks, rules, classifier } = form.values;
  const set = (name) => (value) => form.set(name, value);
  return html`
    <${ModelNames} />
    <${Field}
      form=${form}
      name="strategy"
      kind="select"
      label="How one is chosen"
      options=${STRATEGIES}
      disabled=${isFixed}
    />
    ${(strategy === "heuristic" || (strategy === "classifier" && rules.length > 0)) && html`
      <${Rules} rules=${rules} onChange=${set("rules")} isFixed=${isFixed} />
    `}
    <${Wrong} form=${form} name="rules" />
    ${strategy === "classifier" && html`
      <${ClassifierFields} value=${classifier} targets=${targets} onChange=${set("classifier")} isFixed=${isFixed} />
    `}
    <${Wrong} form=${form} name="classifier" />
    <${Targets} targets=${targets} strategy=${strategy} onChange=${set("targets")} isFixed=${isFixed} />
    <${Wrong} form=${form} name="targets" />
    <div class="field">
      <span class="label">When every target has failed</span>
      ${isFixed && !fallbacks.length && html`
        <span class="hint">Nothing more is tried: the caller gets the error.</span>
      `}
      <${TargetRows} rows=${fallbacks} onChange=${set("fallbacks")} isFixed=${isFixed} />
    </div>
    <${Wrong} form=${form} name="fallbacks" />
    <${Tuning} form=${form} isFixed=${isFixed} />
  `;
}

/** Every name that may be a target, for all inputs of the editor. */
function ModelNames() {
  const models = useData(() => all("/api/models", {}, 3000), []).data || [];
  return html`
    <datalist id="model-names">
      ${models.map((row) => html`
        <option key=${row.name} value=${row.name} />
      `)}
    </datalist>
  `;
}

/** The targets with their shares: what really went to each within the last hour, else what the weights promise. */
function Targets({ targets, strategy, onChange, isFixed }) {
  const since = new Date(Date.now() - HOUR).toISOString();
  const usage = useData(() => get("/api/usage", { by: "model", since }), []).data;
  const calls = Object.fromEntries((usage?.items || []).map((row) => [row.id, row.calls]));
  const callsOf = ({ model }) => (model && calls[model]) || calls[model.split("/").slice(1).join("/")] || 0;
  const inAll = targets.reduce((sum, one) => sum + callsOf(one), 0);
  const weights = targets.reduce((sum, one) => sum + Number(one.weight || 0), 0);
  const isWeighted = strategy === "weighted";
  const byWeight = (one) => (weights ? Number(one.weight || 0) / weights : 0);
  const share = inAll ? (one) => callsOf(one) / inAll : isWeighted ? byWeight : undefined;
  const hint = inAll
    ? `Bars show real shares of the last hour's ${count(inAll)} calls of these models.`
    : isWeighted
      ? "Bars show the shares by weight; there were no calls in the last hour."
      : "No calls in the last hour.";
  return html`
    <div class="field">
      <span class="label">Targets</span>
      <${TargetRows} rows=${targets} onChange=${onChange} isFixed=${isFixed} isWeighted=${isWeighted} share=${share} />
      <span class="hint">${hint}</span>
    </div>
  `;
}
