/** The catalogue: what can be asked for, what it can do, what it costs, what it is called upstream. */
import { html, useData, useEffect, useState, useSettled } from "../ui.js";
import { all, may, names as namesOf } from "../api.js";
import { route, setDetail, setQuery } from "../router.js";
import { plural } from "../format.js";
import { Pill } from "../widgets/basics.js";
import { ABILITIES, able, contextWords, readsWords } from "../widgets/abilities.js";
import { useFresh } from "../widgets/fresh.js";
import { Empty, Loaded } from "../widgets/states.js";
import { VirtualTable } from "../widgets/table.js";
import { ModelDrawer } from "./models/detail.js";

const SORTS = {
  input: (row) => (row.price ? Number(row.price.input) : Infinity),
  output: (row) => (row.price ? Number(row.price.output) : Infinity),
  context: (row) => -(row.facts?.context || 0),
};

export default function Models() {
  const { query, detail } = route.value;
  const models = useData(
    () => all("/api/models", { q: query.q, provider: query.provider }, 10000),
    [query.q, query.provider],
  );
  useFresh(["model", "provider", "group", "prices"], models.reload);
  const rows = (models.data || []).filter((row) => fits(row, query));
  const by = SORTS[query.sort];
  if (by) rows.sort((a, b) => by(a) - by(b));
  const at = rows.findIndex((row) => row.name === detail);
  const height = `min(var(--tall), ${(rows.length + 1) * 36}px)`;
  return html`
    <div class="stack">
      <${Filters} query=${query} found=${rows.length} />
      <section class="card">
        <${Loaded} from=${models} rows=${10}>
          ${() =>
            rows.length ? html`
              <${VirtualTable}
                label="Models"
                columns=${COLUMNS}
                rows=${rows}
                rowKey=${(row) => row.name}
                selected=${detail}
                onOpen=${(row) => setDetail(row.name)}
                height=${height}
              />
            ` : html`
              <${None} query=${query} />
            `
          }
        <//>
      </section>
      ${detail && html`
        <${ModelDrawer}
          key=${detail}
          name=${detail}
          onClose=${() => setDetail("")}
          onWalk=${(step) => rows[at + step] && setDetail(rows[at + step].name)}
          onChange=${models.reload}
        />
      `}
    </div>
  `;
}

/** Whether a model passes the filters that the server does not know. */
function fits(row, query) {
  if (query.price === "none" && (row.price || row.is_group)) return false;
  if (query.state === "off" && row.enabled) return false;
  return !query.can || able(row, query.can);
}

function None({ query }) {
  const isFiltered = Boolean(query.q || query.provider || query.price || query.can || query.state);
  if (isFiltered)
    return html`
      <${Empty}
        title="No model fits"
        action=${
          html`<button
            class="button"
            onClick=${() => setQuery({ q: "", provider: "", price: "", can: "", state: "" })}
          >
            Show all
          </button>`
        }
      >
        Take a filter away.
      <//>
    `;
  return html`
    <${Empty}
      title="No model yet"
      action=${
        may("configure") && html`
          <a class="button main" href="#/providers?open=new">
            Add a provider
          </a>
        `
      }
    >
      Models come with their providers.
    <//>
  `;
}

function Filters({ query, found }) {
  const [text, setText] = useState(query.q || "");
  const settled = useSettled(text);
  useEffect(() => {
    if (settled !== (query.q || "")) setQuery({ q: settled });
  }, [settled]);
  const providers = useData(() => namesOf("providers"), []).data || {};
  const pick = (name, word, options) => html`
    <select class="input slim" aria-label=${word} onChange=${(event) => setQuery({ [name]: event.target.value })}>
      <option value="">${word}</option>
      ${options.map(([value, shown]) => html`
        <option key=${value} value=${value} selected=${query[name] === value}>
          ${shown}
        </option>
      `)}
    </select>
  `;
  return html`
    <div class="filters">
      <input
        class="input slim wide"
        data-search
        type="search"
        placeholder="Search models  ( / )"
        aria-label="Search models"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      />
      ${pick(
        "provider",
        "Any provider",
        Object.keys(providers).map((name) => [name, name]),
      )}
      ${pick("can", "Any ability", ABILITIES)}
      ${pick("price", "Any price", [["none", "Unpriced"]])}
      ${pick("state", "On and off", [["off", "Switched off"]])}
      ${pick("sort", "By name", [
        ["input", "Cheapest input"],
        ["output", "Cheapest output"],
        ["context", "Largest context"],
      ])}
      <span class="small muted">${plural(found, "model")}</span>
    </div>
  `;
}

const none = html`<span class="faint">–</span>`;
const price = (key, head, phone = true) => ({
  key,
  head,
  num: true,
  phone,
  width: "84px",
  cell: (row) => (row.price ? `$${row.price[key]}` : none),
});

const COLUMNS = [
  {
    key: "name",
    head: "Model",
    width: "minmax(120px, 2fr)",
    cell: (row) => html`<b title=${row.name}>${row.name}</b>`,
  },
  {
    key: "context",
    head: "Context",
    num: true,
    phone: false,
    width: "92px",
    cell: (row) => contextWords(row).replace(" tokens", "") || none,
  },
  {
    key: "takes",
    head: "Reads",
    phone: false,
    width: "minmax(130px, 1.2fr)",
    cell: (row) => html`
      <span class="small muted" title=${readsWords(row)}>
        ${readsWords(row) || "–"}
      </span>
    `,
  },
  price("input", "Input"),
  price("cache_read", "Cache read", false),
  price("output", "Output"),
  {
    key: "mapped",
    head: "Called upstream",
    phone: false,
    width: "minmax(100px, 1.2fr)",
    cell: (row) =>
      row.is_group ? html`
        <span class="muted small" title=${row.members.join(", ")}>
          ${row.members.join(", ")}
        </span>
      ` : (
        row.mapped_name || html`<span class="faint">the same</span>`
      ),
  },
  { key: "state", head: "State", phone: false, width: "164px", cell: (row) => html`<${State} row=${row} />` },
];

function State({ row }) {
  if (row.is_group) return html`<${Pill} kind="accent">group<//>`;
  return html`
    ${!row.enabled ? html`
      <${Pill} kind="bad">off<//>
    ` : row.price ? html`
      <${Pill} kind="ok">on<//>
    ` : html`
      <${Pill} kind="warn">unpriced<//>
    `}
    ${row.price_override && html`
      ${" "}
      <${Pill} kind="accent">your price<//>
    `}
    ${row.facts?.status === "deprecated" && html`
      ${" "}
      <${Pill} kind="warn">deprecated<//>
    `}
  `;
}
