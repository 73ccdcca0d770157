/** Groups: which models stand behind a name, how one is chosen, and where a request would go. */
import { html, useData, useState } from "../ui.js";
import { all, get, may } from "../api.js";
import { openedForm, openForm, route, go, setDetail } from "../router.js";
import { Button, Pill, Tabs } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { useFresh } from "../widgets/fresh.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { newGroup } from "./groups/definition.js";
import { Editor } from "./groups/editor.js";
import { Explain } from "./groups/explain.js";
import { Seeds } from "./groups/seeds.js";
import { Versions } from "./groups/versions.js";

export default function Groups() {
  const { detail, query } = route.value;
  const form = openedForm.value;
  const groups = useData(() => all("/api/groups"), []);
  useFresh(["group", "model", "provider"], groups.reload);
  const create = may("route") && html`
    <div class="line">
      <${Button} onClick=${() => openForm("suggested")}>Suggested groups<//>
      <${Button} kind="main" onClick=${() => openForm("new")}>
        Create a group
      <//>
    </div>
  `;
  return html`
    <div class="stack">
      <section class="card">
        <header>
          <h2>Groups</h2>
          ${create}
        </header>
        <${Loaded} from=${groups}>
          ${(rows) =>
            rows.length ? html`
              <${Table}
                label="Groups"
                rows=${rows}
                rowKey=${(row) => row.name}
                selected=${detail}
                onOpen=${(row) => setDetail(row.name)}
                columns=${COLUMNS}
              />
            ` : html`
              <${Empty} title="No group yet" action=${create}>
                A group is a name that callers ask for, with several models behind it: for fallbacks, for a
                split, for the cheapest or the quickest.
              <//>
            `
          }
        <//>
      </section>
      <section class="card">
        <header>
          <h2>Where would it go?</h2>
        </header>
        <div class="body">
          <${Explain} start=${query.model || ""} />
        </div>
      </section>
      ${form === "suggested" && may("route") && html`<${Seeds} onClose=${() => setDetail("")} onDone=${groups.reload} />`}
      ${(detail || form === "new") && html`
        <${GroupDrawer} key=${`${form}${detail}`} name=${detail} onChange=${groups.reload} />
      `}
    </div>
  `;
}

const named = (row) =>
  row.targets.map((one) => one.model).join(", ") || row.rules.map((rule) => rule.model).join(", ");

const COLUMNS = [
  { key: "name", head: "Group", cell: (row) => html`<b>${row.name}</b>`, sort: (row) => row.name },
  { key: "strategy", head: "Chosen", cell: (row) => row.strategy.replace("_", " ") },
  {
    key: "targets",
    head: "Targets",
    phone: false,
    cell: (row) => html`
      <span class="clip" title=${named(row)}>
        ${named(row)}
      </span>
    `,
  },
  { key: "fallbacks", head: "Fallbacks", num: true, phone: false, cell: (row) => row.fallbacks.length },
  { key: "state", head: "State", cell: (row) => html`<${State} row=${row} />` },
];

function State({ row }) {
  if (row.problem)
    return html`
      <${Pill} kind="bad" title=${row.problem}>
        broken
      <//>
    `;
  if (row.source === "file") return html`<${Pill} kind="ok">in the file<//>`;
  if (row.state === "draft")
    return html`
      <${Pill} kind="warn" title=${row.published ? `Version ${row.published} is in force` : "Not in force"}>
        draft v${row.version}
      <//>
    `;
  if (row.published !== row.version)
    return html`
      <${Pill} kind="warn" title=${`Version ${row.version} was saved last`}>
        back to v${row.published}
      <//>
    `;
  return html`<${Pill} kind="ok">v${row.version}<//>`;
}

/** What is edited is what was saved last, which need not be what calls meet. */
function InForce({ row }) {
  if (!row.name || row.published === row.version) return null;
  return html`
    <div class="notice">
      This is version ${row.version}, as it was saved last.
      ${row.published ? ` Version ${row.published} is in force.` : " None is in force."}
    </div>
  `;
}

function GroupDrawer({ name, onChange }) {
  const group = useData(
    () => (name ? get(`/api/groups/${encodeURIComponent(name)}`) : Promise.resolve(newGroup())),
    [name],
  );
  const [tab, setTab] = useState("edit");
  const close = () => setDetail("");
  const changed = () => {
    onChange();
    group.reload();
  };
  const saved = (row) => {
    onChange();
    if (name) group.reload();
    else go("groups", row.name);
  };
  return html`
    <${Drawer} title=${name || "Create a group"} onClose=${close}>
      <${Loaded} from=${group}>
        ${(row) => html`
          <div class="stack">
            ${name && html`
              <${Tabs}
                value=${tab}
                onPick=${setTab}
                options=${[
                  ["edit", "Targets"],
                  ...(row.source === "database" ? [["versions", "Versions"]] : []),
                ]}
              />
            `}
            ${row.problem && html`<div class="notice bad">${row.problem}</div>`}
            ${tab === "edit" && html`
              <${InForce} row=${row} />
              <${Editor}
                key=${row.version}
                group=${row}
                onDone=${saved}
                onGone=${() => {
                  onChange();
                  close();
                }}
              />
            `}
            ${tab === "versions" && html`<${Versions} name=${name} onDone=${changed} />`}
          </div>
        `}
      <//>
    <//>
  `;
}
