/** Who changed what, when, from where: a sentence for each change, and one of them beside the list. */
import { html, isPhone, useData, useEffect, useState } from "../ui.js";
import { get, names as namesOf, query as search } from "../api.js";
import { go, route, setDetail } from "../router.js";
import { Button, When } from "../widgets/basics.js";
import { useFresh } from "../widgets/fresh.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { attempt } from "../widgets/toasts.js";
import { ChangeDrawer, Sentence } from "./audit/detail.js";
import { asked, Filters, isNarrowed } from "./audit/filters.js";
import { KINDS, NAMED } from "./audit/things.js";

const PAGE = 100;

export default function Audit() {
  const { query, detail } = route.value;
  const where = asked(query);
  const names = useData(loadNames, []).data || {};
  const list = useEntries(where);
  const { rows } = list;
  const at = rows.findIndex((row) => row.id === detail);
  const saved = (format) => `/api/audit/export${search({ ...where, format })}`;
  return html`
    <div class="stack">
      <div class="spread">
        <${Filters} query=${query} rows=${rows} />
        <div class="line">
          <a class="button" href=${saved("csv")} download>
            CSV
          </a>
          <a class="button" href=${saved("json")} download>
            JSON
          </a>
        </div>
      </div>
      <section class="card">
        <${Loaded} from=${list.page} rows=${10}>
          ${() =>
            rows.length ? html`
              <${Table}
                label="Audit log"
                rows=${rows}
                rowKey=${(row) => row.id}
                selected=${detail}
                onOpen=${(row) => setDetail(row.id)}
                columns=${columns(names)}
              />
            ` : isNarrowed(query) ? html`
              <${Empty}
                title="Nothing fits the filters"
                action=${html`<${Button} onClick=${() => go("audit")}>Clear the filters<//>`}
              >
                Nobody did that in this time.
              <//>
            ` : html`
              <${Empty} title="No change yet">
                Every change by a person, a token or a command is written here, in the same transaction as the
                change.
              <//>
            `
          }
        <//>
        ${list.more && html`
          <div class="older">
            <${Button} onClick=${() => list.more && attempt(list.more)}>Older<//>
          </div>
        `}
      </section>
      ${detail && html`
        <${ChangeDrawer}
          key=${detail}
          id=${detail}
          known=${rows[at]}
          names=${names}
          onClose=${() => setDetail("")}
          onWalk=${(step) => at >= 0 && rows[at + step] && setDetail(rows[at + step].id)}
        />
      `}
    </div>
  `;
}

/** What things are called. What cannot be had is shown by its id. */
async function loadNames() {
  const lists = await Promise.all(NAMED.map((kind) => namesOf(kind)));
  return Object.fromEntries(NAMED.map((kind, n) => [kind, lists[n]]));
}

/** The entries that fit, newest first: what comes in is put before, `more` puts the next page behind. */
function useEntries(where) {
  const key = JSON.stringify(where);
  const page = useData(() => get("/api/audit", { ...where, limit: PAGE }), [key]);
  const [older, setOlder] = useState({
    key,
    rows: /** @type {any[]} */ ([]),
    cursor: /** @type {string|null} */ (null),
  });
  useFresh(Object.keys(KINDS), page.reload);
  useEffect(() => {
    if (!page.data || page.stale) return;
    setOlder((was) =>
      was.key === key && was.rows.length ? was : { key, rows: [], cursor: page.data.next_cursor },
    );
  }, [page.data, key]);
  const behind = older.key === key ? older : { rows: [], cursor: null };
  const newest = page.data?.items || [];
  const seen = new Set(newest.map((row) => row.id));
  const more = async () => {
    const next = await get("/api/audit", { ...where, limit: PAGE, cursor: behind.cursor });
    setOlder({ key, rows: [...behind.rows, ...next.items], cursor: next.next_cursor });
  };
  return {
    page,
    rows: [...newest, ...behind.rows.filter((row) => !seen.has(row.id))],
    more: behind.cursor ? more : null,
  };
}

const columns = (names) => [
  { key: "at", head: "When", cell: (row) => html`<${When} at=${row.at} />` },
  {
    key: "what",
    head: "What was done",
    cell: (row) => html`
      <span class="wrap most">
        <${Sentence} entry=${row} names=${names} />
      </span>
    `,
  },
  ...(isPhone.value
    ? []
    : [
        {
          key: "from",
          head: "From",
          cell: (row) => html`<span class="muted small">${row.address || "command line"}</span>`,
        },
      ]),
];
