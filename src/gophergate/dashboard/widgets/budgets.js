/** Budgets with their progress, their forecast, and a form. */
import { html, useData, useState } from "../ui.js";
import { all, may, post, patch, del, names as namesOf } from "../api.js";
import { money, percent, exactTime } from "../format.js";
import { Loaded, Empty } from "./states.js";
import { Bar, Button, Pill, Sure, When } from "./basics.js";
import { Drawer } from "./drawer.js";
import { Field, FormBox, useForm, textOr } from "./form.js";
import { Table } from "./table.js";
import { toast, attempt } from "./toasts.js";

const SCOPES = [
  ["organisation", "Organisation"],
  ["team", "Team"],
  ["user", "User"],
  ["client", "Client"],
  ["key", "Key"],
  ["model", "Model"],
  ["session", "Session"],
];
const PERIODS = [
  ["hour", "Hour"],
  ["day", "Day"],
  ["week", "Week"],
  ["month", "Month"],
  ["total", "In total"],
];
const LISTS = { organisation: "organisations", team: "teams", user: "users", client: "clients", key: "keys" };

export function BudgetTable() {
  const budgets = useData(() => all("/api/budgets"), [], { every: 15000 });
  const [open, setOpen] = useState(/** @type {any} */ (null));
  return html`
    <section class="card">
      <header>
        <h2>Budgets</h2>
        ${may("edit") && html`
          <${Button} kind="main" onClick=${() => setOpen({})}>
            Set a budget
          <//>
        `}
      </header>
      <${Loaded} from=${budgets}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Budgets"
              rows=${rows}
              rowKey=${(row) => row.id}
              onOpen=${may("edit") ? setOpen : undefined}
              columns=${COLUMNS}
            />
          ` : html`
            <${Empty}
              title="No budget yet"
              action=${
                may("edit") && html`
                  <${Button} kind="main" onClick=${() => setOpen({})}>
                    Set a budget
                  <//>
                `
              }
            >
              A budget stops calls before they are made when the money is used up, for a team, a client, a key,
              a model or a session.
            <//>
          `
        }
      <//>
      ${open && html`
        <${BudgetForm}
          key=${open.id || "new"}
          budget=${open}
          onDone=${() => {
            setOpen(null);
            budgets.reload();
          }}
          onClose=${() => setOpen(null)}
        />
      `}
    </section>
  `;
}

const used = (row) =>
  Number(row.amount) ? (Number(row.spent) + Number(row.reserved)) / Number(row.amount) : 0;
/** Where it will stand at the end of the period, if it goes on like this. */
export function forecast(row) {
  if (!row.resets_at || !row.window_start) return null;
  const begin = new Date(row.window_start).getTime(),
    end = new Date(row.resets_at).getTime();
  const past = (Date.now() - begin) / (end - begin);
  return past > 0.02 ? Number(row.spent) / past : null;
}
const COLUMNS = [
  {
    key: "scope",
    head: "Whose",
    cell: (row) => html`
      <span class="clip">
        <span class="muted">${row.scope}</span> ${row.scope_name || row.scope_id}
      </span>
    `,
    sort: (row) => row.scope,
  },
  { key: "period", head: "Period", cell: (row) => (row.period === "total" ? "in total" : `a ${row.period}`) },
  {
    key: "amount",
    head: "Budget",
    num: true,
    cell: (row) => money(row.amount),
    sort: (row) => Number(row.amount),
  },
  {
    key: "spent",
    head: "Spent",
    num: true,
    cell: (row) => html`<span title=${`${money(row.reserved)} held for calls under way`}>${money(row.spent)}</span>`,
    sort: (row) => Number(row.spent),
  },
  {
    key: "used",
    head: "Used",
    cell: (row) => html`
      <div class="line nowrap" style=${{ minWidth: "130px" }}>
        <${Bar}
          share=${used(row)}
          kind=${used(row) >= 1 ? "bad" : used(row) >= 0.8 ? "warn" : ""}
          label=${percent(used(row))}
        />
        <span class="figures small">${percent(used(row))}</span>
      </div>
    `,
    sort: used,
  },
  {
    key: "forecast",
    head: "Forecast",
    num: true,
    cell: (row) => {
      const at = forecast(row);
      return at === null ? html`
        <span class="faint">–</span>
      ` : html`
        <span class=${at > Number(row.amount) ? "down" : ""}>${money(at)}</span>
      `;
    },
  },
  {
    key: "resets",
    head: "Resets",
    cell: (row) => (row.resets_at ? html`<${When} at=${row.resets_at} />` : html`<span class="faint">never</span>`),
  },
  {
    key: "hard",
    head: "At the limit",
    cell: (row) => html`<${Pill} kind=${row.hard ? "bad" : ""}>${row.hard ? "refuse" : "warn"}<//>`,
  },
];

function BudgetForm({ budget, onDone, onClose }) {
  const isNew = !budget.id;
  const form = useForm(
    {
      scope: budget.scope || "client",
      scope_id: budget.scope_id || "",
      amount: budget.amount || "",
      period: budget.period || "month",
      hard: budget.hard ?? true,
      timezone: budget.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    async (values) => {
      if (isNew)
        await post("/api/budgets", {
          ...values,
          scope_id: values.scope_id.trim(),
          timezone: textOr(values.timezone),
        });
      else await patch(`/api/budgets/${budget.id}`, { amount: values.amount, hard: values.hard });
      toast(isNew ? "The budget is set" : "The budget is changed");
      onDone();
    },
  );
  const list = LISTS[form.values.scope];
  const options = useData(() => (list ? namesOf(list) : Promise.resolve({})), [list]);
  const choices = options.data && !options.stale ? Object.entries(options.data) : null;
  return html`
    <${Drawer} slim title=${isNew ? "Set a budget" : "Budget"} onClose=${onClose}>
      <${FormBox}
        form=${form}
        word=${isNew ? "Set the budget" : "Save"}
        onCancel=${onClose}
        danger=${
          !isNew && html`
            <${Sure}
              word="Delete"
              question="Spending will no longer be limited by it."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/budgets/${budget.id}`);
                  onDone();
                }, "The budget is deleted")
              }
            />
          `
        }
      >
        ${isNew ? html`
          <div class="fields two">
            <${Field} form=${form} name="scope" label="Whose" kind="select" options=${SCOPES} />
            ${list ? html`
              <${Field}
                form=${form}
                name="scope_id"
                label="Which"
                kind="select"
                disabled=${!choices}
                options=${[
                  [
                    "",
                    choices
                      ? choices.length
                        ? "Choose…"
                        : `There is no ${form.values.scope} yet`
                      : "Loading…",
                  ],
                  ...(choices || []),
                ]}
              />
            ` : html`
              <${Field}
                form=${form}
                name="scope_id"
                label=${form.values.scope === "model" ? "Model" : "Which"}
                placeholder=${
                  form.values.scope === "model"
                    ? "openai/gpt-4.1"
                    : form.values.scope === "session"
                      ? "* for each session"
                      : ""
                }
              />
            `}
            <${Field} form=${form} name="amount" label="Amount, US dollars" placeholder="25.00" />
            <${Field} form=${form} name="period" label="For each" kind="select" options=${PERIODS} />
          </div>
          <${Field}
            form=${form}
            name="timezone"
            label="Time zone of the period"
            hint="Days, weeks and months begin at its midnight."
          />
        ` : html`
          <dl class="pairs">
            <dt>Whose</dt>
            <dd>
              ${budget.scope} ${budget.scope_name || budget.scope_id}
            </dd>
            <dt>Spent</dt>
            <dd>
              ${money(budget.spent)}, and ${money(budget.reserved)} held
            </dd>
            <dt>Resets</dt>
            <dd>${budget.resets_at ? exactTime(budget.resets_at) : "never"}</dd>
          </dl>
          <${Field} form=${form} name="amount" label="Amount, US dollars" />
        `}
        <${Field}
          form=${form}
          name="hard"
          kind="check"
          label="Refuse calls at the limit"
          hint="Otherwise it only warns."
        />
      <//>
    <//>
  `;
}
