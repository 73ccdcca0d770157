/** A budget, set, changed, raised for a while, or deleted. */
import { html, useData } from "../ui.js";
import { get, may, post } from "../api.js";
import { exactTime, money, timeIn } from "../format.js";
import { periodWords } from "./budgets.js";
import { Drawer } from "./drawer.js";
import { EditorBox, useEditor } from "./editor.js";
import { Field, FormBox, lines, textOr, useForm } from "./form.js";
import { Folded } from "./folded.js";
import { useFresh } from "./fresh.js";
import { ScopeFields } from "./scope.js";
import { Loaded } from "./states.js";
import { toast } from "./toasts.js";
import { nextReset, ownZone, zones } from "./zones.js";

/** @type {[string, string][]} */
const PERIODS = [
  ["hour", "Hour"],
  ["day", "Day"],
  ["week", "Week"],
  ["month", "Month"],
  ["rolling", "A span that moves with time"],
  ["total", "In total"],
];
/** When each period that follows a clock begins. */
const BEGINS = {
  hour: "Hours begin",
  day: "Days begin at midnight",
  week: "Weeks begin on Monday at midnight",
  month: "Months begin on the first at midnight",
};
const HOUR = 3600;
const SHARES = "50, 80, 100";

/** "50, 80" -> [0.5, 0.8]; null for the usual ones */
const sharesGiven = (text) => {
  const shares = lines(text).map((one) => Number(one.replace("%", "")) / 100);
  return shares.length ? shares : null;
};
const sharesKnown = (shares) =>
  (shares || []).map((share) => String(Number((share * 100).toFixed(2)))).join(", ");

/** @param {{id: string, whose?: any, onDone: () => void, onClose: () => void}} props `id` of one, or "new" for `whose` */
export function BudgetDrawer({ id, whose = {}, onDone, onClose }) {
  return html`
    <${Drawer} slim title=${id === "new" ? "Set a budget" : "Budget"} onClose=${onClose}>
      ${id === "new" ? html`
        <${NewBudget} whose=${whose} onDone=${onDone} onClose=${onClose} />
      ` : html`
        <${Known} id=${id} onDone=${onDone} onClose=${onClose} />
      `}
    <//>
  `;
}

function Known({ id, onDone, onClose }) {
  const found = useData(() => get(`/api/budgets/${id}`), [id]);
  useFresh(["budget"], found.reload);
  return html`
    <${Loaded} from=${found} rows=${8}>
      ${(budget) => html`
        <div class="stack">
          <${Facts} budget=${budget} />
          ${may("edit") && html`
            <${Change} budget=${budget} onDone=${onDone} onClose=${onClose} />
            <${Raise} budget=${budget} onDone=${onDone} />
          `}
        </div>
      `}
    <//>
  `;
}

const Facts = ({ budget }) => html`
  <dl class="pairs">
    <dt>Whose</dt>
    <dd>
      ${budget.scope} ${budget.scope_name || budget.scope_id}
    </dd>
    ${budget.model && html`
      <dt>For</dt>
      <dd>${budget.model}</dd>
    `}
    <dt>Amount</dt>
    <dd>
      ${money(budget.amount)} ${periodWords(budget)}
    </dd>
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
`;

/** The zone whose clocks a period follows, with what follows from it. */
function ZoneField({ form, period, was = "" }) {
  const zone = form.values.timezone.trim();
  const next = nextReset(period, zone);
  const there = next !== null && timeIn(next, zone);
  const here = next !== null && timeIn(next, ownZone());
  const isOther = was && zone !== was;
  return html`
    <${Field}
      form=${form}
      name="timezone"
      label="Time zone of the period"
      list=${zones()}
      placeholder="UTC"
      hint=${
        html`
          ${BEGINS[period]} on its clocks${there ? html`: next on ${there}` : "."}
          ${there && (here === there ? "." : html`, which is ${here} on yours.`)}
          ${isOther && html`
            ${" "}
            What was spent since the running ${period} began there counts; it is read from the log of calls
            anew.
          `}
        `
      }
    />
  `;
}

function NewBudget({ whose, onDone, onClose }) {
  const start = {
    scope: whose.scope || "client",
    scope_id: whose.scope_id || "",
    amount: "",
    period: "month",
    hours: "24",
    model: "",
    hard: true,
    timezone: ownZone(),
    thresholds: "",
  };
  const form = useForm(start, async ({ hours, thresholds, ...values }) => {
    const isRolling = values.period === "rolling";
    await post("/api/budgets", {
      ...values,
      scope_id: values.scope_id.trim(),
      model: values.scope === "model" ? null : textOr(values.model.trim()),
      timezone: textOr(values.timezone.trim()),
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
      ${BEGINS[period] && html`<${ZoneField} form=${form} period=${period} />`}
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

const held = (row) => ({
  amount: row.amount,
  timezone: row.timezone,
  hard: row.hard,
  thresholds: sharesKnown(row.thresholds),
});
const settable = ({ amount, timezone, hard, thresholds }) => ({ amount, timezone, hard, thresholds });

function Change({ budget, onDone, onClose }) {
  const editor = useEditor({
    row: budget,
    place: `/api/budgets/${budget.id}`,
    held,
    given: (values) => ({
      amount: values.amount.trim(),
      timezone: textOr(values.timezone.trim()),
      hard: values.hard,
      thresholds: sharesGiven(values.thresholds) || [],
    }),
    settable,
    said: "The budget is changed",
    gone: "The budget is deleted",
    onDone,
  });
  const { form } = editor;
  return html`
    <${EditorBox}
      editor=${editor}
      onCancel=${onClose}
      question="Spending will no longer be limited by it."
      audit=${{ kind: "budget", id: budget.id }}
    >
      <${Field} form=${form} name="amount" label="Amount, US dollars" />
      ${BEGINS[budget.period] && html`<${ZoneField} form=${form} period=${budget.period} was=${budget.timezone} />`}
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
  const form = useForm({ amount: "", hours: "24" }, async (values) => {
    const until = new Date(Date.now() + Number(values.hours) * HOUR * 1000).toISOString();
    await post(`/api/budgets/${budget.id}/raise`, { amount: values.amount, until });
    toast("Raised");
    onDone();
  });
  return html`
    <${Folded} word="Raise it for a while…" legend="Raise it for a while">
      ${(close) => html`
        <${FormBox} form=${form} word="Raise" onCancel=${close}>
          <div class="fields two">
            <${Field} form=${form} name="amount" label="By, US dollars" placeholder="10.00" />
            <${Field} form=${form} name="hours" kind="number" label="For so many hours" />
          </div>
        <//>
      `}
    <//>
  `;
}
