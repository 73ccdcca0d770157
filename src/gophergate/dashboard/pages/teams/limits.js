/** Limits of organisations, users and models, and of any scope for one model; teams, clients and keys carry their own. */
import { html, useData } from "../../ui.js";
import { all, may, post } from "../../api.js";
import { go, route } from "../../router.js";
import { Button } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { EditorBox, Read, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { useFresh } from "../../widgets/fresh.js";
import { LimitFields, limitsGiven, limitsKnown, limitsOf } from "../../widgets/limits.js";
import { ScopeFields, ScopeName, SCOPES } from "../../widgets/scope.js";
import { Empty, Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";
import { toast } from "../../widgets/toasts.js";

const LIMITED = SCOPES.filter(([scope]) => scope !== "session");

/** @param {{which: string}} props the limits that are open: an id, "new" or "" */
export function LimitTable({ which }) {
  const rows = useData(() => all("/api/limits"), []);
  useFresh(["limits"], rows.reload);
  const close = () => go("teams", "limits");
  const done = () => {
    rows.reload();
    close();
  };
  const set = may("edit") && html`
    <${Button} kind="main" onClick=${() => go("teams", "limits/new")}>
      Set limits
    <//>
  `;
  const columns = [
    { key: "scope", head: "Whose", cell: (row) => html`<${ScopeName} row=${row} />` },
    { key: "limits", head: "Limits", cell: (row) => limitsOf(row.limits) },
  ];
  return html`
    <section class="card">
      <header>
        <h2>Limits</h2>
        ${set}
      </header>
      <${Loaded} from=${rows}>
        ${(found) =>
          found.length ? html`
            <${Table}
              label="Limits"
              rows=${found}
              rowKey=${(row) => row.id}
              selected=${which}
              onOpen=${may("edit") ? (row) => go("teams", `limits/${row.id}`) : undefined}
              columns=${columns}
            />
          ` : html`
            <${Empty} title="No limits of this kind yet" action=${set}>
              How often an organisation, a user or a model may be used, or anybody one model. Teams, clients and
              keys carry their own limits.
            <//>
          `
        }
      <//>
      ${may("edit") && which && html`
        <${Drawer} slim key=${which} title=${which === "new" ? "Set limits" : "Limits"} onClose=${close}>
          ${which === "new" ? html`
            <${NewLimits} onClose=${close} onDone=${done} />
          ` : html`
            <${Read} place=${`/api/limits/${which}`}>
              ${(row) => html`<${ChangeLimits} row=${row} onClose=${close} onDone=${done} />`}
            <//>
          `}
        <//>
      `}
    </section>
  `;
}

function NewLimits({ onClose, onDone }) {
  const { scope = "model", scope_id = "" } = route.value.query;
  const form = useForm({ scope, scope_id, model: "", ...limitsKnown(null) }, async (values) => {
    const model = values.scope === "model" ? null : textOr(values.model.trim());
    await post("/api/limits", {
      scope: values.scope,
      scope_id: values.scope_id.trim(),
      model,
      limits: limitsGiven(values),
    });
    toast("The limits hold");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Set the limits" onCancel=${onClose}>
      <div class="fields two">
        <${ScopeFields} form=${form} scopes=${LIMITED} />
      </div>
      ${form.values.scope !== "model" && html`
        <${Field}
          form=${form}
          name="model"
          label="Only for the model"
          placeholder="openai/gpt-4.1"
          hint="Teams, clients and keys need one: their limits for all models stand on themselves."
        />
      `}
      <${LimitFields} form=${form} />
    <//>
  `;
}

const settable = ({ limits }) => ({ limits });

function ChangeLimits({ row, onClose, onDone }) {
  const editor = useEditor({
    row,
    place: `/api/limits/${row.id}`,
    held: ({ limits }) => limitsKnown(limits),
    given: (values) => ({ limits: limitsGiven(values) }),
    settable,
    gone: "The limits are gone",
    onDone,
  });
  return html`
    <div class="stack">
      <p>
        <${ScopeName} row=${row} />
      </p>
      <${EditorBox}
        editor=${editor}
        onCancel=${onClose}
        question="It may then be used without these limits."
        audit=${{ kind: "limits", id: row.id }}
      >
        <${LimitFields} form=${editor.form} />
      <//>
    </div>
  `;
}
