/** A group, edited: targets, how one is chosen, what happens when all fail; saved as a draft or put in force. */
import { html, useData, useState } from "../../ui.js";
import { all, get, may, post, put, del } from "../../api.js";
import { count } from "../../format.js";
import { Button, Sure } from "../../widgets/basics.js";
import { Failed } from "../../widgets/states.js";
import { toast, attempt } from "../../widgets/toasts.js";
import { ClassifierFields } from "./classifier.js";
import { bodyOf, STRATEGIES } from "./definition.js";
import { Rules } from "./rules.js";
import { Simulate } from "./simulate.js";
import { TargetRows } from "./targets.js";
import { Tuning, tuningGiven, tuningKnown } from "./tuning.js";

const HOUR = 3600000;

/** @param {{group: any, onDone: (saved: any) => void, onGone: () => void}} props */
export function Editor({ group, onDone, onGone }) {
  const isFixed = group.source === "file" || !may("route");
  const [name, setName] = useState(group.name);
  const [edited, setEdited] = useState(() => ({
    strategy: group.strategy,
    targets: group.targets.map((one) => ({ ...one, weight: one.weight ?? 1 })),
    fallbacks: group.fallbacks.map((model) => ({ model })),
    rules: group.rules,
    classifier: group.classifier,
  }));
  const [tuning, setTuning] = useState(() => tuningKnown(group));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const change = (some) => setEdited((was) => ({ ...was, ...some }));
  const definition = () => bodyOf(group, { ...edited, ...tuningGiven(tuning) });
  const save = async (draft) => {
    setFailed(null);
    const body = { ...definition(), draft };
    try {
      const saved = group.name
        ? await put(`/api/groups/${encodeURIComponent(group.name)}`, body, group.etag)
        : await post("/api/groups", { ...body, name: name.trim() });
      toast(draft ? "Saved as a draft" : "In force");
      onDone(saved);
    } catch (error) {
      setFailed(error);
    }
  };
  const remove = () =>
    attempt(async () => {
      await del(`/api/groups/${encodeURIComponent(group.name)}`);
      onGone();
    }, "The group is deleted");
  const { strategy } = edited;
  return html`
    <div class="stack">
      <${ModelNames} />
      ${failed && html`<${Failed} error=${failed} />`}
      ${group.source === "file" && html`
        <div class="notice">It stands in the configuration file, and is changed there.</div>
      `}
      ${!group.name && html`
        <div class="field">
          <label for="group-name">Name</label>
          <input
            id="group-name"
            class="input"
            placeholder="fast"
            value=${name}
            onInput=${(event) => setName(event.target.value)}
          />
          <span class="hint">What callers ask for as the model.</span>
        </div>
      `}
      <div class="field">
        <label for="group-strategy">How one is chosen</label>
        <select
          id="group-strategy"
          class="input"
          disabled=${isFixed}
          onChange=${(event) => change({ strategy: event.target.value })}
        >
          ${STRATEGIES.map(([value, word]) => html`
            <option key=${value} value=${value} selected=${value === strategy}>
              ${word}
            </option>
          `)}
        </select>
      </div>
      ${(strategy === "heuristic" || (strategy === "classifier" && edited.rules.length > 0)) && html`
        <${Rules} rules=${edited.rules} onChange=${(rules) => change({ rules })} isFixed=${isFixed} />
      `}
      ${strategy === "classifier" && html`
        <${ClassifierFields}
          value=${edited.classifier}
          targets=${edited.targets}
          onChange=${(classifier) => change({ classifier })}
          isFixed=${isFixed}
        />
      `}
      <${Targets}
        targets=${edited.targets}
        strategy=${strategy}
        onChange=${(targets) => change({ targets })}
        isFixed=${isFixed}
      />
      <div class="field">
        <span class="label">When every target has failed</span>
        <${TargetRows} rows=${edited.fallbacks} onChange=${(fallbacks) => change({ fallbacks })} isFixed=${isFixed} />
      </div>
      <${Tuning} value=${tuning} onChange=${setTuning} strategy=${strategy} isFixed=${isFixed} />
      ${!isFixed && html`
        <div class="spread">
          <div class="line">
            <${Button} kind="main" onClick=${() => save(false)}>
              ${group.name ? "Put in force" : "Create the group"}
            <//>
            <${Button} onClick=${() => save(true)}>Save as a draft<//>
          </div>
          ${group.name && html`<${Sure} word="Delete" question="Callers who ask for it get an error." onSure=${remove} />`}
        </div>
      `}
      ${group.name && may("route") && html`<${Simulate} name=${group.name} body=${definition} />`}
    </div>
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
  const share = (one) =>
    inAll ? callsOf(one) / inAll : isWeighted && weights ? Number(one.weight || 0) / weights : 0;
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
