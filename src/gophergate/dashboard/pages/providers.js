/** Providers: who answers calls, how each is doing, its keys and its credit. */
import { html, useData } from "../ui.js";
import { all, get, may } from "../api.js";
import { openedForm, openForm, route, setDetail } from "../router.js";
import { count, duration, percent, plural } from "../format.js";
import { Button } from "../widgets/basics.js";
import { useFresh } from "../widgets/fresh.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { ProviderDrawer } from "./providers/detail.js";
import { NewProvider } from "./providers/new.js";
import { StateOf } from "./providers/state.js";
import { keysOf } from "./providers/words.js";

const DAY = 86400000;

export default function Providers() {
  const { detail } = route.value;
  const providers = useData(() => all("/api/providers"), [], { every: 30000 });
  const usage = useData(
    () => get("/api/usage", { by: "provider", since: new Date(Date.now() - DAY).toISOString() }),
    [],
  );
  useFresh(["provider", "breaker", "credential"], providers.reload);
  const close = () => setDetail("");
  const add = may("configure") && html`
    <${Button} kind="main" onClick=${() => openForm("new")}>
      Add a provider
    <//>
  `;
  const sums = Object.fromEntries((usage.data?.items || []).map((row) => [row.id, row]));
  return html`
    <section class="card">
      <header>
        <h2>Providers</h2>
        ${add}
      </header>
      <${Loaded} from=${providers} rows=${8}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Providers"
              rows=${rows}
              rowKey=${(row) => row.name}
              selected=${detail}
              onOpen=${(row) => setDetail(row.name)}
              columns=${columns(sums)}
            />
          ` : html`
            <${Empty} title="No provider yet" action=${add}>
              A provider answers calls. Add one with its key, or serve with <code>--demo</code> to try without.
            <//>
          `
        }
      <//>
      ${openedForm.value === "new" && may("configure") && html`
        <${NewProvider} onClose=${close} onDone=${providers.reload} />
      `}
      ${detail && html`<${ProviderDrawer} key=${detail} name=${detail} onClose=${close} onChange=${providers.reload} />`}
    </section>
  `;
}

const none = html`<span class="faint">–</span>`;
const columns = (sums) => [
  {
    key: "name",
    head: "Provider",
    cell: (row) => html`
      <b>${row.name}</b> <span class="muted small">${row.label}</span>
    `,
    sort: (row) => row.name,
  },
  { key: "state", head: "State", cell: (row) => html`<${StateOf} row=${row} />` },
  {
    key: "key",
    head: "Key",
    phone: false,
    cell: (row) => {
      const [key, ...more] = keysOf(row);
      if (!key) return html`<span class="faint">none</span>`;
      return more.length ? plural(more.length + 1, "key") : html`<code>${key.masked}</code>`;
    },
  },
  {
    key: "models",
    head: "Models",
    num: true,
    phone: false,
    cell: (row) => count(row.known_models),
    sort: (row) => row.known_models,
  },
  {
    key: "calls",
    phone: false,
    head: "Calls, a day",
    num: true,
    cell: (row) => count(sums[row.name]?.calls || 0),
    sort: (row) => sums[row.name]?.calls || 0,
  },
  {
    key: "errors",
    head: "Failed",
    num: true,
    phone: false,
    cell: (row) =>
      sums[row.name]?.calls
        ? percent((sums[row.name].error + sums[row.name].timeout) / sums[row.name].calls)
        : none,
  },
  { key: "p50", head: "p50", num: true, phone: false, cell: (row) => duration(sums[row.name]?.latency_ms_p50) },
  {
    key: "source",
    head: "Kept in",
    phone: false,
    cell: (row) => html`<span class="muted small">${row.source === "file" ? "the file" : "the database"}</span>`,
  },
];
