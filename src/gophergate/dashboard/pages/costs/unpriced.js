/** Models whose calls have no price, and how to give them one. */
import { html, useData } from "../../ui.js";
import { get, may } from "../../api.js";
import { count } from "../../format.js";
import { href } from "../../router.js";
import { nameOf, range } from "../../widgets/range.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { Reprice } from "./reprice.js";

const COLUMNS = [
  { key: "name", head: "Model", cell: (row) => nameOf(row, "model") },
  {
    key: "calls",
    head: "Unpriced calls",
    num: true,
    cell: (row) => count(row.unpriced),
    sort: (row) => row.unpriced,
  },
  { key: "tokens", head: "Tokens", num: true, phone: false, cell: (row) => count(row.input + row.output) },
  {
    key: "do",
    head: "",
    cell: (row) => html`<a href=${href("models", "", { q: row.name })}>${may("route") ? "Set a price" : "Look"}</a>`,
  },
];

export function Unpriced() {
  const when = range("30d");
  const found = useData(
    () => get("/api/usage", { since: when.since, until: when.until, by: "model" }),
    [when.name],
  );
  return html`
    <section class="card">
      <header>
        <h2>Models without a price</h2>
        <span class="small muted">their calls are counted, and cost "unpriced", never $0</span>
      </header>
      <${Loaded} from=${found}>
        ${(data) => {
          const rows = data.items.filter((row) => row.unpriced);
          return rows.length ? html`
            <${Table} label="Unpriced models" rows=${rows} rowKey=${(row) => row.id} columns=${COLUMNS} />
          ` : html`
            <${Empty} title="Every call has a price">Nothing to do.<//>
          `;
        }}
      <//>
    </section>
    ${may("configure") && html`<${Reprice} onDone=${found.reload} />`}
  `;
}
