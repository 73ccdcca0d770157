/** Organisations, where several share a gateway. */
import { html, useData } from "../../ui.js";
import { all, forgetNames, may, patch, post, del } from "../../api.js";
import { go } from "../../router.js";
import { Button, Sure, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, useForm } from "../../widgets/form.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { attempt, toast } from "../../widgets/toasts.js";

export function Organisations({ which }) {
  const rows = useData(() => all("/api/organisations"), []);
  const close = () => go("teams", "organisations");
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
      ${(which === "new" || picked) && may("people") && html`
        <${OrganisationForm}
          key=${which}
          row=${picked}
          onClose=${close}
          onDone=${() => {
            forgetNames();
            rows.reload();
            close();
          }}
        />
      `}
    </section>
  `;
}

function OrganisationForm({ row, onClose, onDone }) {
  const form = useForm({ name: row?.name || "" }, async (values) => {
    await (row
      ? patch(`/api/organisations/${row.id}`, { name: values.name.trim() })
      : post("/api/organisations", { name: values.name.trim() }));
    toast("Saved");
    onDone();
  });
  return html`
    <${Drawer} slim title=${row ? row.name : "Create an organisation"} onClose=${onClose}>
      <${FormBox}
        form=${form}
        word="Save"
        onCancel=${onClose}
        danger=${
          row && html`
            <${Sure}
              word="Delete"
              question="Its teams stay, without it."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/organisations/${row.id}`);
                  onDone();
                }, "The organisation is deleted")
              }
            />
          `
        }
      >
        <${Field} form=${form} name="name" label="Name" required />
      <//>
    <//>
  `;
}
