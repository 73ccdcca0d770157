/** Past calls replayed against a group as it stands in the editor: what would have been, before it is put in force. */
import { html, useState } from "../../ui.js";
import { post } from "../../api.js";
import { count, duration, money, plural } from "../../format.js";
import { Button, When } from "../../widgets/basics.js";
import { Empty, Failed } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";

const LAST = 5000;

/** @param {{name: string, body: () => any}} props `body` gives the group as it would be saved */
export function Simulate({ name, body }) {
  const [isBusy, setBusy] = useState(false);
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const run = async () => {
    setBusy(true);
    setFailed(null);
    try {
      setFound(
        await post("/api/groups/simulate", {
          groups: [{ ...body(), name }],
          requested: [name],
          last: LAST,
          show: 20,
        }),
      );
    } catch (error) {
      setFailed(error);
    }
    setBusy(false);
  };
  return html`
    <section class="stack tight">
      <div class="spread">
        <h3>What would it have done?</h3>
        <${Button} onClick=${run} disabled=${isBusy}>
          ${isBusy ? "Replaying…" : `Replay the last ${LAST.toLocaleString()} calls`}
        <//>
      </div>
      ${failed && html`<${Failed} error=${failed} />`}
      ${found &&
        (found.calls ? html`
          <${Outcome} found=${found} />
        ` : html`
          <${Empty} title="No call to replay">Nobody asked for "${name}" yet.<//>
        `)}
    </section>
  `;
}

const MODELS = [
  { key: "model", head: "Model", cell: (row) => row.model || "refused" },
  { key: "before", head: "Then", num: true, cell: (row) => count(row.before) },
  { key: "after", head: "Now", num: true, cell: (row) => count(row.after) },
  { key: "cost", head: "Cost then", num: true, phone: false, cell: (row) => money(row.cost_before) },
  { key: "cost_after", head: "Cost now", num: true, cell: (row) => money(row.cost_after) },
];
const MOVES = [
  {
    key: "at",
    head: "When",
    cell: (row) => html`
      <a href=${`#/calls/${row.id}`}>
        <${When} at=${row.started_at} />
      </a>
    `,
  },
  { key: "before", head: "Then", cell: (row) => row.before || "refused" },
  { key: "after", head: "Now", cell: (row) => row.after || "refused" },
  {
    key: "cost",
    head: "Cost",
    num: true,
    phone: false,
    cell: (row) => html`
      ${money(row.cost_before)} → ${money(row.cost_after)}
    `,
  },
  {
    key: "why",
    head: "Why",
    phone: false,
    cell: (row) => html`
      <span class="small muted clip" title=${row.why}>
        ${row.why}
      </span>
    `,
  },
];

function Outcome({ found }) {
  const facts = [
    ["Replayed", count(found.replayed)],
    ["Answered by another", count(found.moved)],
    ["Refused", `${count(found.refused_before)} → ${count(found.refused_after)}`],
    ["Cost", `${money(found.cost_before)} → ${money(found.cost_after)}`],
    ["Latency", `${duration(found.latency_ms_before)} → ${duration(found.latency_ms_after)}`],
  ];
  const unknown = Object.entries(found.unknown);
  return html`
    <div class="stack" role="status">
      <dl class="facts">
        ${facts.map(([name, value]) => html`
          <div key=${name}>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>
        `)}
      </dl>
      <${Table} label="By model" rows=${found.models} rowKey=${(row) => row.model} columns=${MODELS} />
      ${found.moves.length > 0 && html`
        <h3>Those that change most</h3>
        <${Table} label="Calls that move" rows=${found.moves} rowKey=${(row) => row.id} columns=${MOVES} />
      `}
      ${unknown.length > 0 && html`
        <p class="small muted">
          Chosen without knowing:${" "}
          ${unknown.map(([what, size]) => `${what} (${plural(size, "call")})`).join(", ")}.
        </p>
      `}
      <p class="small muted">Every provider is taken to be well, and usage to be what it was.</p>
    </div>
  `;
}
