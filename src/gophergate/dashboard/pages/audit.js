/** Who changed what, when, from where. */
import { html, useData, useEffect, useState } from "../ui.js";
import { get } from "../api.js";
import { route, setDetail, setQuery } from "../router.js";
import { exactTime } from "../format.js";
import { Button, Pill, When } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";

const KINDS = [
  "client",
  "key",
  "user",
  "team",
  "organisation",
  "provider",
  "model",
  "group",
  "budget",
  "token",
  "session",
  "call",
  "database",
];

export default function Audit() {
  const { query, detail } = route.value;
  const [rows, setRows] = useState(/** @type {any[]} */ ([]));
  const page = useData(() => get("/api/audit", { limit: 100, target_kind: query.kind }), [query.kind]);
  const [cursor, setCursor] = useState(/** @type {string|null} */ (null));
  useEffect(() => {
    if (page.data) {
      setRows(page.data.items);
      setCursor(page.data.next_cursor);
    }
  }, [page.data]);
  const more = async () => {
    const next = await get("/api/audit", { limit: 100, target_kind: query.kind, cursor });
    setRows([...rows, ...next.items]);
    setCursor(next.next_cursor);
  };
  const picked = rows.find((row) => row.id === detail);
  const at = rows.indexOf(picked);
  return html`
    <div class="stack">
      <div class="spread">
        <select
          class="input slim"
          aria-label="What was changed"
          onChange=${(event) => setQuery({ kind: event.target.value })}
        >
          <option value="">Every kind</option>
          ${KINDS.map((kind) => html`
            <option key=${kind} value=${kind} selected=${query.kind === kind}>
              ${kind}
            </option>
          `)}
        </select>
        <div class="line">
          <a class="button" href="/api/audit/export?format=csv" download>
            CSV
          </a>
          <a class="button" href="/api/audit/export?format=json" download>
            JSON
          </a>
        </div>
      </div>
      <section class="card">
        <${Loaded} from=${page} rows=${10}>
          ${() =>
            rows.length ? html`
              <${Table}
                label="Audit log"
                rows=${rows}
                rowKey=${(row) => row.id}
                selected=${detail}
                onOpen=${(row) => setDetail(row.id)}
                columns=${[
                  { key: "at", head: "When", cell: (row) => html`<${When} at=${row.at} />` },
                  { key: "actor", head: "Who", cell: (row) => html`<b>${row.actor}</b>` },
                  {
                    key: "action",
                    head: "Did",
                    cell: (row) => html`
                      <${Pill}>${row.action}<//> <span class="muted">${row.target_kind}</span>
                    `,
                  },
                  {
                    key: "what",
                    head: "What",
                    cell: (row) => html`
                      <span class="clip" title=${row.target_id}>
                        ${row.after?.name || row.before?.name || row.after?.username || row.target_id || ""}
                      </span>
                    `,
                  },
                  {
                    key: "address",
                    head: "From",
                    cell: (row) => html`<span class="mono small">${row.address || ""}</span>`,
                  },
                ]}
              />
            ` : html`
              <${Empty} title="No change yet">
                Every change by a person or a token is written here, in the same transaction as the change.
              <//>
            `
          }
        <//>
        ${cursor && html`
          <div style=${{ padding: "12px", textAlign: "center" }}>
            <${Button} onClick=${more}>Older<//>
          </div>
        `}
      </section>
      ${picked && html`
        <${Drawer}
          title=${`${picked.actor}: ${picked.action} ${picked.target_kind}`}
          onClose=${() => setDetail("")}
          onWalk=${(step) => rows[at + step] && setDetail(rows[at + step].id)}
        >
          <div class="stack">
            <dl class="pairs">
              <dt>When</dt>
              <dd>${exactTime(picked.at)}</dd>
              <dt>From</dt>
              <dd>${picked.address || "–"}</dd>
              <dt>Target</dt>
              <dd class="mono">${picked.target_id || "–"}</dd>
            </dl>
            <${Changes} before=${picked.before} after=${picked.after} />
          </div>
        <//>
      `}
    </div>
  `;
}

function Changes({ before, after }) {
  const names = [...new Set([...Object.keys(before || {}), ...Object.keys(after || {})])];
  const said = (value) =>
    value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const rows = names.filter((name) => !before || !after || said(before[name]) !== said(after[name]));
  if (!rows.length) return html`<p class="muted">No member was changed.</p>`;
  return html`
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Member</th>
            <th>Before</th>
            <th>After</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((name) => html`
            <tr key=${name}>
              <td>${name}</td>
              <td class="mono small">${said(before?.[name])}</td>
              <td class="mono small">${said(after?.[name])}</td>
            </tr>
          `)}
        </tbody>
      </table>
    </div>
  `;
}
