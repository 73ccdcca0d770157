/** Guards: what requests and answers must not hold, in whose calls, and what becomes of it. */
import { html, useData } from "../ui.js";
import { all, get, may, names as namesOf } from "../api.js";
import { count, plural } from "../format.js";
import { openedForm, openForm, route, setDetail } from "../router.js";
import { Button, Pill } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Read } from "../widgets/editor.js";
import { useFresh } from "../widgets/fresh.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { Guard, NewGuard } from "./guards/editor.js";
import { concerns, looksFor, PLACES, WHOSE, wordOf } from "./guards/words.js";

export default function Guards() {
  const { detail } = route.value;
  const rows = useData(() => all("/api/guards"), []);
  const hits = useData(() => get("/api/guard-hits"), [], { every: 60000 });
  const lists = WHOSE.map(([list]) => list);
  const named = useData(() => Promise.all(lists.map(namesOf)), []).data || [];
  const names = Object.fromEntries(lists.map((list, n) => [list, named[n] || {}]));
  useFresh(["guard"], rows.reload);
  const close = () => setDetail("");
  const done = () => {
    rows.reload();
    close();
  };
  const create = may("configure") && html`
    <${Button} kind="main" onClick=${() => openForm("new")}>
      Create a guard
    <//>
  `;
  const isNew = openedForm.value === "new";
  return html`
    <section class="card">
      <header>
        <h2>Guards</h2>
        ${create}
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Guards"
              rows=${found}
              rowKey=${(row) => row.name}
              selected=${detail}
              onOpen=${(row) => setDetail(row.name)}
              columns=${columns(names, hits.data)}
            />
          ` : html`
            <${Empty} title="No guard yet" action=${create}>
              A guard finds in requests and answers what must not be in them: personal data, secrets, words of
              your own. It refuses the call, puts a placeholder there, or only says so. Let it monitor first:
              then it changes nothing, and each call tells what it would have done.
            <//>
          `
        }
      <//>
      ${(detail || (isNew && may("configure"))) && html`
        <${Drawer} key=${`${isNew}${detail}`} title=${isNew ? "Create a guard" : detail} onClose=${close}>
          ${isNew ? html`
            <${NewGuard} onClose=${close} onDone=${done} />
          ` : html`
            <${Read} place=${`/api/guards/${encodeURIComponent(detail)}`}>
              ${(row) => html`<${Guard} row=${row} names=${names} onClose=${close} onDone=${done} />`}
            <//>
          `}
        <//>
      `}
    </section>
  `;
}

const ACTS = { block: "refuses", mask: "masks", warn: "warns" };
const columns = (names, hits) => [
  {
    key: "name",
    head: "Guard",
    cell: (row) => html`
      <b>${row.name}</b>
      ${row.source === "file" && html`
        ${" "}
        <span class="muted small">in the file</span>
      `}
    `,
    sort: (row) => row.name,
  },
  {
    key: "finds",
    head: "Looks for",
    phone: false,
    cell: (row) => html`
      <span class="clip" title=${looksFor(row)}>
        ${looksFor(row)}
      </span>
    `,
  },
  { key: "where", head: "In", phone: false, cell: (row) => wordOf(PLACES, row.where).toLowerCase() },
  { key: "action", head: "What it does", cell: (row) => ACTS[row.action], sort: (row) => row.action },
  {
    key: "whose",
    head: "For",
    phone: false,
    cell: (row) => html`
      <span class="clip" title=${concerns(row, names)}>
        ${concerns(row, names)}
      </span>
    `,
  },
  {
    key: "hits",
    head: "Last 24 h",
    num: true,
    cell: (row) => html`<${Hits} of=${hits} name=${row.name} />`,
    sort: (row) => -(hitOf(hits, row.name)?.calls || 0),
  },
  { key: "state", head: "State", cell: (row) => html`<${State} row=${row} />` },
];

const hitOf = (hits, name) => hits?.items.find((one) => one.guard === name);

/** In how many calls it found something. Of very many only the newest are counted. */
function Hits({ of: hits, name }) {
  if (!hits) return html`<span class="faint">–</span>`;
  const { calls, finds } = hitOf(hits, name) || { calls: 0, finds: 0 };
  const more = hits.is_whole ? "" : " or more";
  return html`
    <span title=${`${plural(finds, "find")}${more} in ${plural(calls, "call")}${more}`}>
      ${count(calls)}
      ${hits.is_whole ? "" : "+"}
    </span>
  `;
}

function State({ row }) {
  if (row.problem)
    return html`
      <${Pill} kind="bad" title=${row.problem}>
        broken
      <//>
    `;
  if (!row.enabled) return html`<${Pill}>off<//>`;
  if (row.mode === "monitor")
    return html`
      <${Pill} kind="warn" title="It only puts on record what it would do">
        monitors
      <//>
    `;
  return html`<${Pill} kind="ok">in force<//>`;
}
