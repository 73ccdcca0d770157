/** Past calls priced again, from what they used: first what would change, then the change. */
import { html, useState } from "../../ui.js";
import { get, post } from "../../api.js";
import { count, money, plural } from "../../format.js";
import { Button, Sure } from "../../widgets/basics.js";
import { Field, textOr, useForm } from "../../widgets/form.js";
import { Failed } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";

const AGAIN = 1000;

/** @param {{onDone: () => void}} props */
export function Reprice({ onDone }) {
  const form = useForm({ since: "", provider: "", model: "", latest: false }, async () => {});
  const [run, setRun] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const start = async (isTrial) => {
    const { since, provider, model, latest } = form.values;
    setFailed(null);
    try {
      let now = await post("/api/prices/reprice", {
        since: since ? new Date(`${since}T00:00:00`).toISOString() : null,
        provider: textOr(provider.trim()),
        model: textOr(model.trim()),
        latest,
        dry_run: isTrial,
      });
      setRun(now);
      while (now.state === "running") {
        await new Promise((done) => setTimeout(done, AGAIN));
        now = await get("/api/prices/reprice");
        setRun(now);
      }
      if (!isTrial) onDone();
    } catch (error) {
      setFailed(error);
    }
  };
  const isBusy = run?.state === "running";
  return html`
    <section class="card">
      <header>
        <h2>Price past calls again</h2>
        <span class="small muted">after a price was set or mended</span>
      </header>
      <div class="body stack">
        <div class="fields four">
          <${Field} form=${form} name="since" kind="date" label="Since" />
          <${Field} form=${form} name="provider" label="Provider" placeholder="any" />
          <${Field} form=${form} name="model" label="Model" placeholder="any" />
        </div>
        <${Field}
          form=${form}
          name="latest"
          kind="check"
          label="By today's prices"
          hint="Otherwise by those of each call's own day."
        />
        <div class="line">
          <${Button} onClick=${() => start(true)} disabled=${isBusy}>
            ${isBusy ? `Working… ${run.done} of ${plural(run.weeks, "week")}` : "See what would change"}
          <//>
          ${run?.state === "done" && run.dry_run && run.total.changed > 0 && html`
            <${Sure}
              word=${`Price ${plural(run.total.changed, "call")} again`}
              question="Costs in the ledger change."
              onSure=${() => start(false)}
              kind="main"
            />
          `}
        </div>
        ${failed && html`<${Failed} error=${failed} />`}
        ${run?.error && html`<${Failed} error=${new Error(run.error)} />`}
        ${run && run.state === "done" && html`<${Outcome} run=${run} />`}
      </div>
    </section>
  `;
}

const COLUMNS = [
  { key: "model", head: "Model", cell: (row) => row.model, total: "All" },
  { key: "rows", head: "Calls", num: true, cell: (row) => count(row.rows) },
  { key: "changed", head: "Changed", num: true, cell: (row) => count(row.changed) },
  { key: "before", head: "Before", num: true, cell: (row) => money(row.before) },
  { key: "after", head: "After", num: true, cell: (row) => money(row.after) },
  {
    key: "unpriced",
    head: "Unpriced",
    num: true,
    phone: false,
    cell: (row) => `${count(row.unpriced_before)} → ${count(row.unpriced_after)}`,
  },
];

function Outcome({ run }) {
  if (!run.total.changed)
    return html`
      <p role="status">
        Nothing ${run.dry_run ? "would change" : "changed"}: ${plural(run.total.rows, "call")} cost what they did.
      </p>
    `;
  return html`
    <div class="stack tight" role="status">
      <p>${run.dry_run ? "This would change:" : "Done:"}</p>
      <${Table}
        label="Repriced"
        rows=${run.models}
        rowKey=${(row) => row.model}
        columns=${COLUMNS}
        total=${run.total}
      />
    </div>
  `;
}
