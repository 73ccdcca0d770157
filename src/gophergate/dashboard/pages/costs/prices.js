/** The price table: what each model costs and whose price that is; the list that prices come from. */
import { html, useData } from "../../ui.js";
import { all, get, may, post } from "../../api.js";
import { count } from "../../format.js";
import { Button, Pill, When } from "../../widgets/basics.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { attempt } from "../../widgets/toasts.js";

/** @type {Record<string, [string, string]>} */
const SOURCES = {
  yours: ["accent", "yours"],
  list: ["", "price list"],
  provider: ["", "the provider's"],
  none: ["warn", "unpriced"],
};
const none = html`<span class="faint">–</span>`;
const rate = (key, head, phone = true) => ({
  key,
  head,
  num: true,
  phone,
  cell: (row) => row.price?.[key] ?? none,
  sort: (row) => (row.price ? Number(row.price[key]) : -1),
});

const COLUMNS = [
  {
    key: "model",
    head: "Model",
    cell: (row) => html`
      <a href=${`#/models/${row.model}`} class="clip">
        ${row.model}
      </a>
    `,
    sort: (row) => row.model,
  },
  rate("input", "Input"),
  rate("cache_read", "Cache read", false),
  rate("cache_write", "Cache write", false),
  rate("output", "Output"),
  {
    key: "source",
    head: "Whose",
    phone: false,
    cell: (row) => html`
      <${Pill} kind=${SOURCES[row.source][0]} title=${row.price?.version}>
        ${SOURCES[row.source][1]}
      <//>
      ${row.discounts > 0 && html`
        ${" "}
        <${Pill} kind="ok">discount<//>
      `}
    `,
    sort: (row) => row.source,
  },
  {
    key: "unpriced",
    head: "Unpriced, 30 days",
    num: true,
    phone: false,
    cell: (row) => (row.unpriced_calls ? html`<span class="down">${count(row.unpriced_calls)}</span>` : none),
    sort: (row) => row.unpriced_calls,
  },
];

export function Prices() {
  const rows = useData(() => all("/api/prices"), []);
  const list = useData(() => get("/api/prices", { limit: 1 }).then((page) => page.list), []);
  useFresh(["model", "prices", "provider"], () => {
    rows.reload();
    list.reload();
  });
  const refresh = () =>
    attempt(async () => {
      const now = await post("/api/prices/refresh");
      if (now.error) throw new Error(now.error);
      list.reload();
      rows.reload();
    }, "The newest prices are in force");
  return html`
    <section class="card">
      <header>
        <div>
          <h2>Price table</h2>
          <span class="small muted">US dollars per million tokens</span>
        </div>
        <div class="line">
          ${list.data && html`<${ListState} list=${list.data} />`}
          ${may("configure") && html`<${Button} onClick=${refresh}>Look for newer prices<//>`}
        </div>
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table} label="Prices" rows=${found} rowKey=${(row) => row.model} columns=${COLUMNS} />
          ` : html`
            <${Empty}
              title="No models yet"
              action=${
                html`<a class="button main" href="#/providers?open=new">
                  Add a provider
                </a>`
              }
            >
              Prices come with models.
            <//>
          `
        }
      <//>
    </section>
  `;
}

function ListState({ list }) {
  return html`
    <span class="small muted" title=${list.error || list.version}>
      ${list.version}
      ${list.checked_at && html`
        , checked <${When} at=${list.checked_at} />
      `}
      ${list.error && html`
        ${" "}
        <${Pill} kind="warn" title=${list.error}>
          no newer list could be had
        <//>
      `}
    </span>
  `;
}
