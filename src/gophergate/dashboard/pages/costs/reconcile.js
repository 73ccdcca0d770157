/** A provider's bill held against the ledger: its usage export, day by day and model by model. */
import { html, useData, useState } from "../../ui.js";
import { all, del, names as namesOf, post } from "../../api.js";
import { count, money } from "../../format.js";
import { Pill, Sure, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Empty, Failed, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { attempt } from "../../widgets/toasts.js";

const LARGEST = 3_900_000;
const none = html`<span class="faint">–</span>`;

const LIST = [
  { key: "at", head: "When", cell: (row) => html`<${When} at=${row.created_at} />` },
  { key: "provider", head: "Provider", cell: (row) => html`<b>${row.provider}</b>` },
  {
    key: "days",
    head: "Days",
    phone: false,
    cell: (row) => `${row.report.first_day} – ${row.report.last_day}`,
  },
  { key: "ours", head: "Ours", num: true, cell: (row) => money(row.report.ours) },
  {
    key: "theirs",
    head: "Theirs",
    num: true,
    phone: false,
    cell: (row) => (row.report.theirs === null ? none : money(row.report.theirs)),
  },
  { key: "drift", head: "Difference", num: true, cell: (row) => html`<${Drift} value=${row.report.drift} />` },
];
const ROWS = [
  { key: "day", head: "Day", cell: (row) => row.day },
  { key: "model", head: "Model", cell: (row) => row.model || html`<span class="muted">no model named</span>` },
  { key: "ours", head: "Ours", num: true, cell: (row) => (row.ours ? money(row.ours.cost) : none) },
  {
    key: "theirs",
    head: "Theirs",
    num: true,
    phone: false,
    cell: (row) => (row.theirs?.cost === undefined ? none : money(row.theirs.cost)),
  },
  { key: "drift", head: "Difference", num: true, cell: (row) => html`<${Drift} value=${row.drift} />` },
  { key: "why", head: "Why", cell: (row) => html`<span class="small muted wrap">${row.why.join("; ")}</span>` },
];

export function Reconcile() {
  const rows = useData(() => all("/api/reconciliations"), []);
  const [open, setOpen] = useState(/** @type {any} */ (null));
  const made = (row) => {
    rows.reload();
    setOpen(row);
  };
  const remove = () =>
    attempt(async () => {
      await del(`/api/reconciliations/${open.id}`);
      rows.reload();
      setOpen(null);
    }, "Forgotten");
  return html`
    <${Upload} onMade=${made} />
    <section class="card">
      <header>
        <h2>Earlier ones</h2>
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Reconciliations"
              rows=${found}
              rowKey=${(row) => String(row.id)}
              selected=${open ? String(open.id) : ""}
              onOpen=${setOpen}
              columns=${LIST}
            />
          ` : html`
            <${Empty} title="None yet">
              Download a usage or cost export from OpenAI's or Anthropic's console, and give it above.
            <//>
          `
        }
      <//>
    </section>
    ${open && html`
      <${Drawer}
        title=${`${open.provider}, ${open.report.first_day} – ${open.report.last_day}`}
        onClose=${() => setOpen(null)}
        footer=${html`<${Sure} word="Forget it" question="The comparison is deleted." onSure=${remove} />`}
      >
        <div class="stack">
          <dl class="facts">
            <div>
              <dt>Ours</dt>
              <dd>${money(open.report.ours)}</dd>
            </div>
            <div>
              <dt>Theirs</dt>
              <dd>${open.report.theirs === null ? "no cost in it" : money(open.report.theirs)}</dd>
            </div>
            <div>
              <dt>Difference</dt>
              <dd>
                <${Drift} value=${open.report.drift} />
              </dd>
            </div>
            <div>
              <dt>Lines</dt>
              <dd>${count(open.report.rows.length)}</dd>
            </div>
          </dl>
          <${Table}
            label="Differences"
            rows=${open.report.rows}
            rowKey=${(row) => `${row.day} ${row.model}`}
            columns=${ROWS}
          />
        </div>
      <//>
    `}
  `;
}

function Upload({ onMade }) {
  const providers = useData(() => namesOf("providers"), []).data || {};
  const [provider, setProvider] = useState("");
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const [isBusy, setBusy] = useState(false);
  const give = async (file) => {
    if (!file) return;
    setFailed(null);
    setBusy(true);
    try {
      if (file.size > LARGEST) throw new Error("The file is larger than 3.9 MB: export fewer days at a time.");
      onMade(await post("/api/reconciliations", { provider, file: file.name, content: await file.text() }));
    } catch (error) {
      setFailed(error);
    }
    setBusy(false);
  };
  return html`
    <section class="card">
      <header>
        <h2>Hold a bill against the ledger</h2>
      </header>
      <div class="body stack">
        <div class="line">
          <select
            class="input slim"
            aria-label="Whose bill"
            onChange=${(event) => setProvider(event.target.value)}
          >
            <option value="">Whose bill…</option>
            ${Object.keys(providers).map((name) => html`
              <option key=${name} value=${name} selected=${name === provider}>
                ${name}
              </option>
            `)}
          </select>
          <label class=${`button ${provider && !isBusy ? "main" : ""}`} aria-disabled=${!provider || isBusy}>
            ${isBusy ? "Comparing…" : "Choose its export"}
            <input
              class="hidden"
              type="file"
              accept=".json,.csv,text/csv,application/json"
              disabled=${!provider || isBusy}
              aria-label="The export"
              onChange=${(event) => {
                give(event.target.files[0]);
                event.target.value = "";
              }}
            />
          </label>
        </div>
        ${failed && html`<${Failed} error=${failed} />`}
      </div>
    </section>
  `;
}

function Drift({ value }) {
  if (value === null || value === undefined) return none;
  const isNone = Number(value) === 0;
  return isNone ? html`
    <${Pill} kind="ok">none<//>
  ` : html`
    <span class="down" title=${`$${value}`}>
      ${Number(value) > 0 ? "+" : ""}
      ${money(value)}
    </span>
  `;
}
