/** A budget, set, changed, raised for a while, or deleted. */
import { html, useState } from "../ui.js";
import { del, patch, post } from "../api.js";
import { exactTime, money } from "../format.js";
import { Button, Sure } from "./basics.js";
import { periodWords } from "./budgets.js";
import { Drawer } from "./drawer.js";
import { Field, FormBox, lines, textOr, useForm } from "./form.js";
import { ScopeFields } from "./scope.js";
import { attempt, toast } from "./toasts.js";

/** @type {[string, string][]} */
const PERIODS = [
  ["hour", "Hour"],
  ["day", "Day"],
  ["week", "Week"],
  ["month", "Month"],
  ["rolling", "A span that moves with time"],
  ["total", "In total"],
];
const HOUR = 3600;
const SHARES = "50, 80, 100";

/** "50, 80" -> [0.5, 0.8]; null for the usual ones */
const sharesGiven = (text) => {
  const shares = lines(text).map((one) => Number(one.replace("%", "")) / 100);
  return shares.length ? shares : null;
};
const sharesKnown = (shares) =>
  (shares || []).map((share) => String(Number((share * 100).toFixed(2)))).join(", ");

/** @param {{budget: any, onDone: () => void, onClose: () => void}} props a budget without an id is a new one */
export function BudgetDrawer({ budget, onDone, onClose }) {
  if (!budget.id)
    return html`
      <${Drawer} slim title="Set a budget" onClose=${onClose}>
        <${NewBudget} onDone=${onDone} onClose=${onClose} />
      <//>
    `;
  return html`
    <${Drawer} slim title="Budget" onClose=${onClose}>
      <div class="stack">
        <dl class="pairs">
          <dt>Whose</dt>
          <dd>
            ${budget.scope} ${budget.scope_name || budget.scope_id}
          </dd>
          ${budget.model && html`
            <dt>For</dt>
            <dd>${budget.model}</dd>
          `}
          <dt>Period</dt>
          <dd>${periodWords(budget)}</dd>
          <dt>Spent</dt>
          <dd>
            ${money(budget.spent)}, and ${money(budget.reserved)} held
          </dd>
          ${Number(budget.raised) > 0 && html`
            <dt>Raised</dt>
            <dd>
              by ${money(budget.raised)} until ${exactTime(budget.raised_until)}
            </dd>
          `}
          <dt>Resets</dt>
          <dd>${budget.resets_at ? exactTime(budget.resets_at) : "never"}</dd>
        </dl>
        <${Change} budget=${budget} onDone=${onDone} onClose=${onClose} />
        <${Raise} budget=${budget} onDone=${onDone} />
      </div>
    <//>
  `;
}

function NewBudget({ onDone, onClose }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const start = {
    scope: "client",
    scope_id: "",
    amount: "",
    period: "month",
    hours: "24",
    model: "",
    hard: true,
    timezone: zone,
    thresholds: "",
  };
  const form = useForm(start, async ({ hours, thresholds, ...values }) => {
    const isRolling = values.period === "rolling";
    await post("/api/budgets", {
      ...values,
      scope_id: values.scope_id.trim(),
      model: values.scope === "model" ? null : textOr(values.model.trim()),
      timezone: textOr(values.timezone),
      seconds: isRolling ? Math.round(Number(hours) * HOUR) : null,
      thresholds: sharesGiven(thresholds),
    });
    toast("The budget is set");
    onDone();
  });
  const { period, scope } = form.values;
  return html`
    <${FormBox} form=${form} word="Set the budget" onCancel=${onClose}>
      <div class="fields two">
        <${ScopeFields} form=${form} />
        <${Field} form=${form} name="amount" label="Amount, US dollars" placeholder="25.00" />
        <${Field} form=${form} name="period" label="For each" kind="select" options=${PERIODS} />
        ${period === "rolling" && html`<${Field} form=${form} name="hours" kind="number" label="Hours that count" />`}
        ${scope !== "model" && html`
          <${Field} form=${form} name="model" label="Only for the model" placeholder="any model" list=${[]} />
        `}
      </div>
      ${period !== "rolling" && period !== "total" && html`
        <${Field}
          form=${form}
          name="timezone"
          label="Time zone of the period"
          hint="Days, weeks and months begin at its midnight."
        />
      `}
      <${Field}
        form=${form}
        name="thresholds"
        label="Tell of it at, percent"
        placeholder=${SHARES}
        hint="On the overview, in the log, and to webhooks where they are set up."
      />
      <${Field}
        form=${form}
        name="hard"
        kind="check"
        label="Refuse calls at the limit"
        hint="Otherwise it only warns."
      />
    <//>
  `;
}

function Change({ budget, onDone, onClose }) {
  const form = useForm(
    { amount: budget.amount, hard: budget.hard, thresholds: sharesKnown(budget.thresholds) },
    async (values) => {
      await patch(`/api/budgets/${budget.id}`, {
        amount: values.amount,
        hard: values.hard,
        thresholds: sharesGiven(values.thresholds) || [],
      });
      toast("The budget is changed");
      onDone();
    },
  );
  const remove = () =>
    attempt(async () => {
      await del(`/api/budgets/${budget.id}`);
      onDone();
    }, "The budget is deleted");
  return html`
    <${FormBox}
      form=${form}
      word="Save"
      onCancel=${onClose}
      danger=${html`<${Sure} word="Delete" question="Spending will no longer be limited by it." onSure=${remove} />`}
    >
      <${Field} form=${form} name="amount" label="Amount, US dollars" />
      <${Field} form=${form} name="thresholds" label="Tell of it at, percent" placeholder=${SHARES} />
      <${Field}
        form=${form}
        name="hard"
        kind="check"
        label="Refuse calls at the limit"
        hint="Otherwise it only warns."
      />
    <//>
  `;
}

/** So much more for a while, without touching the amount. */
function Raise({ budget, onDone }) {
  const [isOpen, setOpen] = useState(false);
  const form = useForm({ amount: "", hours: "24" }, async (values) => {
    const until = new Date(Date.now() + Number(values.hours) * HOUR * 1000).toISOString();
    await post(`/api/budgets/${budget.id}/raise`, { amount: values.amount, until });
    toast("Raised");
    onDone();
  });
  if (!isOpen)
    return html`
      <div>
        <${Button} onClick=${() => setOpen(true)}>Raise it for a while…<//>
      </div>
    `;
  return html`
    <fieldset>
      <legend>Raise it for a while</legend>
      <${FormBox} form=${form} word="Raise" onCancel=${() => setOpen(false)}>
        <div class="fields two">
          <${Field} form=${form} name="amount" label="By, US dollars" placeholder="10.00" />
          <${Field} form=${form} name="hours" kind="number" label="For so many hours" />
        </div>
      <//>
    </fieldset>
  `;
}
