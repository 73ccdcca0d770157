/** What somebody should look at now, worst first, each with the place where something can be done about it. */
import { html, useData } from "../../ui.js";
import { all, get, may } from "../../api.js";
import { count, inWords, money, percent, plural } from "../../format.js";
import { host } from "../../socket.js";
import { useFresh } from "../../widgets/fresh.js";
import { Empty, Skeleton } from "../../widgets/states.js";
import { failing } from "./health.js";

const DAY = 86400000;
const SOON = 7 * DAY;
const MOST = 8;
const PERIODS = {
  hour: "hourly budget",
  day: "daily budget",
  week: "weekly budget",
  month: "monthly budget",
  total: "budget",
  rolling: "rolling budget",
};

/** @typedef {{kind: "bad"|"warn", text: string, address: string, word: string}} Need */

/** @param {{series: {data: any}, providers: {data: any}, hour: {data: any}}} props */
export function Attention({ series, providers, hour }) {
  const budgets = useData(() => all("/api/budgets").catch(() => []), [], { every: 60000 });
  const keys = useData(() => all("/api/keys").catch(() => []), [], { every: 300000 });
  const names = (providers.data || []).map((row) => row.name).join(" ");
  useFresh(["budget"], budgets.reload);
  const credits = useData(() => creditsOf(providers.data || []), [names], { every: 60000 });
  if (!series.data || !providers.data || !budgets.data)
    return html`
      <div class="body">
        <${Skeleton} rows=${3} />
      </div>
    `;
  /** @type {Need[]} */
  const found = [
    ...providers.data.flatMap(ofProvider),
    ...providers.data.flatMap((row) => row.ailments.map((one) => ofAilment(row.name, one))),
    ...(hour.data?.items || []).flatMap(ofFailures),
    ...budgets.data.flatMap(ofBudget),
    ...(credits.data || []).flatMap(ofCredit),
    ...ofPrices(series.data.total.unpriced),
    ...(keys.data || []).flatMap(ofKey),
    ...ofLedger(host.value?.ledger),
  ];
  found.sort((a, b) => Number(b.kind === "bad") - Number(a.kind === "bad"));
  if (!found.length)
    return html`<${Empty} title="Nothing needs you">Providers answer, prices are known, budgets hold.<//>`;
  return html`
    <ul class="attention">
      ${found.slice(0, MOST).map(({ kind, text, address, word }) => html`
        <li key=${text}>
          <i class=${`dot ${kind}`} role="img" aria-label=${kind === "bad" ? "Serious" : "Warning"}></i>
          <span class="grow">${text}</span>
          <a href=${address}>${word}</a>
        </li>
      `)}
      ${found.length > MOST && html`<li class="muted">and ${found.length - MOST} more</li>`}
    </ul>
  `;
}

const place = (name) => `#/providers/${encodeURIComponent(name)}`;

/** The credit of every provider that could have been given one. */
async function creditsOf(rows) {
  const stored = rows.filter((row) => row.source === "database");
  const asked = stored.map((row) =>
    get(`/api/providers/${encodeURIComponent(row.name)}/credits`).then(
      (credit) => ({ ...credit, name: row.name }),
      () => null,
    ),
  );
  return (await Promise.all(asked)).filter(Boolean);
}

/** @returns {Need[]} */
function ofProvider(row) {
  if (row.state === "broken")
    return [
      {
        kind: "bad",
        text: `${row.name} is out of service: ${row.problem}`,
        address: place(row.name),
        word: "Look",
      },
    ];
  return [];
}

/** @returns {Need} */
function ofAilment(provider, one) {
  const isBreaker = one.kind === "breaker";
  const text = isBreaker
    ? `Calls are kept from ${one.what}, its breaker is ${inWords(one.state)}: ${inWords(one.reason)}`
    : `The key ${one.what} cools down: ${inWords(one.reason)}`;
  return { kind: isBreaker ? "bad" : "warn", text, address: place(provider), word: "Look" };
}

/** @returns {Need[]} */
function ofFailures(sum) {
  if (sum.calls < 5 || failing(sum) <= 0.2) return [];
  return [
    {
      kind: "bad",
      text: `${percent(failing(sum))} of ${sum.id}'s calls failed in the last hour`,
      address: `#/calls?provider=${encodeURIComponent(sum.id)}&status=error&range=1h`,
      word: "See them",
    },
  ];
}

/** @returns {Need[]} */
function ofBudget(row) {
  const share = Number(row.amount) ? Number(row.spent) / Number(row.amount) : 0;
  if (share < 0.8) return [];
  return [
    {
      kind: share >= 1 ? "bad" : "warn",
      text: `The ${PERIODS[row.period]} of ${row.scope_name || row.scope} is ${percent(share)} used`,
      address: `#/teams/budgets?budget=${encodeURIComponent(row.id)}`,
      word: may("edit") ? "Raise" : "Look",
    },
  ];
}

/** @returns {Need[]} */
function ofCredit(row) {
  if (!row.is_low) return [];
  return [
    {
      kind: Number(row.left) <= 0 ? "bad" : "warn",
      text: `${row.name} has ${money(row.left)} of credit left`,
      address: `${place(row.name)}?tab=credit`,
      word: "Top up",
    },
  ];
}

/** @returns {Need[]} */
function ofPrices(unpriced) {
  if (!unpriced) return [];
  return [
    {
      kind: "warn",
      text: `${plural(unpriced, "call has", "calls have")} no price`,
      address: "#/costs?tab=unpriced",
      word: may("edit") ? "Set a price" : "Look",
    },
  ];
}

/** @returns {Need[]} */
function ofKey(row) {
  const left = row.expires_at && !row.revoked_at ? new Date(row.expires_at).getTime() - Date.now() : 0;
  if (left <= 0 || left > SOON) return [];
  const days = Math.ceil(left / DAY);
  return [
    {
      kind: "warn",
      text: `The key ${row.name || row.last4} expires in ${days} ${days === 1 ? "day" : "days"}`,
      address: `#/clients/${row.client_id}`,
      word: may("edit") ? "Rotate" : "Look",
    },
  ];
}

/** @returns {Need[]} */
function ofLedger(ledger) {
  if (!ledger?.bodies_dropped) return [];
  return [
    {
      kind: "warn",
      text: `What was said in ${count(ledger.bodies_dropped)} calls was not kept: the database is too slow`,
      address: "#/settings/about",
      word: "Look",
    },
  ];
}
