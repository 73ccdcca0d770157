/** Organisations, where several share a gateway. */
import { html, useData } from "../../ui.js";
import { all, forgetNames, may, post } from "../../api.js";
import { go, href } from "../../router.js";
import { Button, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { EditorBox, Read, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { toast } from "../../widgets/toasts.js";

export function Organisations({ which }) {
  const rows = useData(() => all("/api/organisations"), []);
  const close = () => go("teams", "organisations");
  const done = () => {
    forgetNames();
    rows.reload();
    close();
  };
  useFresh(["organisation"], rows.reload);
  const picked = (rows.data || []).find((row) => row.id === which);
  return html`
    <section class="card">
      <header>
        <h2>Organisations</h2>
        ${may("people") && html`
          <${Button} kind="main" onClick=${() => go("teams", "organisations/new")}>
            Create an organisation
          <//>
        `}
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Organisations"
              rows=${found}
              rowKey=${(row) => row.id}
              selected=${which}
              onOpen=${may("people") ? (row) => go("teams", `organisations/${row.id}`) : undefined}
              columns=${[
                { key: "name", head: "Name", cell: (row) => html`<b>${row.name}</b>` },
                { key: "made", head: "Created", cell: (row) => html`<${When} at=${row.created_at} />` },
              ]}
            />
          ` : html`
            <${Empty} title="No organisation yet">One is needed only where several share a gateway.<//>
          `
        }
      <//>
      ${which && may("people") && html`
        <${Drawer}
          slim
          key=${which}
          title=${picked?.name || (which === "new" ? "Create an organisation" : "Organisation")}
          onClose=${close}
        >
          ${which === "new" ? html`
            <${NewOrganisation} onClose=${close} onDone=${done} />
          ` : html`
            <${Read} place=${`/api/organisations/${which}`}>
              ${(row) => html`<${ChangeOrganisation} row=${row} onClose=${close} onDone=${done} />`}
            <//>
          `}
        <//>
      `}
    </section>
  `;
}

const held = (row) => ({ name: row?.name || "" });
const given = (values) => ({ name: values.name.trim() });
const settable = ({ name }) => ({ name });

function NewOrganisation({ onClose, onDone }) {
  const form = useForm(held(null), async (values) => {
    await post("/api/organisations", given(values));
    toast("The organisation is created");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Create the organisation" onCancel=${onClose}>
      <${Field} form=${form} name="name" label="Name" required />
    <//>
  `;
}

function ChangeOrganisation({ row, onClose, onDone }) {
  const editor = useEditor({
    row,
    place: `/api/organisations/${row.id}`,
    held,
    given,
    settable,
    gone: "The organisation is deleted",
    onDone,
  });
  return html`
    <${EditorBox}
      editor=${editor}
      onCancel=${onClose}
      question="Its teams stay, without it."
      audit=${{ kind: "organisation", id: row.id }}
    >
      <${Field} form=${editor.form} name="name" label="Name" required />
    <//>
    <p class="muted small">
      What it may use at most is set under${" "}
      <a href=${href("teams", "limits/new", { scope: "organisation", scope_id: row.id })}>limits</a> and${" "}
      <a href=${href("teams", "budgets", { budget: "new", scope: "organisation", scope_id: row.id })}>
        budgets
      </a>
      .
    </p>
  `;
}
