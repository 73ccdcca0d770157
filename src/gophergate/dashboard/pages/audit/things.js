/** What an entry of the audit log is about: its name in a sentence, and where it stands. */
import { href } from "../../router.js";
import { shortId } from "../../format.js";
import { span } from "../../members.js";

/** @typedef {{b: string}|string} Part a piece of a sentence; `b` is what it turns on */
/** @typedef {import("../../members.js").Names} Names */

/** Every kind of thing, as a filter says it. */
export const KINDS = {
  budget: "Budgets",
  call: "Calls stopped",
  calls: "Calls priced again",
  client: "Clients",
  database: "Backups",
  group: "Groups",
  guard: "Guards",
  import: "Imports",
  key: "Keys",
  limits: "Limits",
  model: "Models",
  organisation: "Organisations",
  prices: "Price lists",
  provider: "Providers",
  reconciliation: "Bills",
  session: "Sign-ins",
  team: "Teams",
  token: "Admin tokens",
  user: "Users",
  webhook: "Webhooks",
};
/** Lists of things that have names beside their ids. */
export const NAMED = ["users", "teams", "organisations", "clients", "keys"];
const PERIODS = { hour: "hourly", day: "daily", week: "weekly", month: "monthly" };

/** The thing as it was, or as it has become. */
const state = (entry) => ({ ...entry.before, ...entry.after });

/** What it is called: as it was called then, else as it is now, else its id. @param {any} entry @param {Names} names */
export function nameOf(entry, names) {
  const said = (one) => one?.name || one?.username;
  const id = entry.target_id || "";
  return said(entry.before) || said(entry.after) || names[`${entry.target_kind}s`]?.[id] || shortId(id) || "?";
}

/** Whose a budget or limits are: "team Search". @returns {Part[]} */
function whose({ scope, scope_id, scope_name, model }, names) {
  if (!scope) return ["somebody"];
  if (scope_id === "*") return [`each ${scope}`, ...(model ? [" for ", { b: model }] : [])];
  const name = scope_name || names[`${scope}s`]?.[scope_id] || shortId(scope_id || "");
  return [`${scope} `, { b: name }, ...(model ? [" for ", { b: model }] : [])];
}

/** The thing in a sentence. @param {any} entry @param {Names} names @returns {Part[]} */
export function thing(entry, names) {
  const it = state(entry);
  const name = { b: nameOf(entry, names) };
  switch (entry.target_kind) {
    case "budget": {
      const period = it.period === "rolling" ? `rolling ${span(it.seconds || 0)}` : PERIODS[it.period];
      return [`the ${period ? `${period} ` : ""}budget of `, ...whose(it, names)];
    }
    case "limits":
      return ["the limits of ", ...whose(it, names)];
    case "key": {
      const client = names.clients?.[it.client_id];
      return ["the key ", name, ...(client ? [" of client ", { b: client }] : [])];
    }
    case "token":
      return ["the admin token ", name];
    case "reconciliation":
      return it.file ? ["the bill ", { b: it.file }, " of provider ", { b: it.provider }] : ["a bill"];
    case "import":
      return ["the file ", name];
    default:
      return [`the ${entry.target_kind} `, name];
  }
}

/** Where the thing stands in the dashboard; "" where there is nothing to see any more. @param {any} entry @param {Names} names */
export function placeOf(entry, names) {
  const id = entry.target_id || "";
  const known = names[`${entry.target_kind}s`];
  if (entry.action === "delete" || (known && Object.keys(known).length && id && !known[id])) return "";
  const it = state(entry);
  switch (entry.target_kind) {
    case "budget":
      return href("teams", "budgets", { budget: id });
    case "limits":
      return href("teams", `limits/${id}`);
    case "call":
      return href("calls", id);
    case "calls":
    case "prices":
      return href("costs", "", { tab: "prices" });
    case "client":
      return href("clients", id);
    case "database":
      return href("settings", "backup");
    case "key":
      return it.client_id ? href("clients", `${it.client_id}/${id}`) : "";
    case "organisation":
      return href("teams", `organisations/${id}`);
    case "reconciliation":
      return href("costs", "", { tab: "reconcile" });
    case "session":
    case "user":
      return href("users", `people/${id}`);
    case "team":
      return href("teams", `teams/${id}`);
    case "token":
      return href("users", "tokens");
    case "webhook":
      return href("settings", `webhooks/${id}`);
    case "group":
    case "model":
    case "provider":
      return href(`${entry.target_kind}s`, id);
    default:
      return "";
  }
}
