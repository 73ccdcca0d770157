/**
 * Each entry of the audit log as a sentence: "admin raised the monthly budget of team Search from $500 to $800". Every
 * action that the server notes has one here; a test looks for those that have none.
 */
import { exactTime, plural } from "../../format.js";
import { differences, dollars, isEmpty, together, valueOf } from "../../members.js";
import { thing } from "./things.js";

/** @typedef {import("./things.js").Part} Part */
/** @typedef {import("./things.js").Names} Names */
/** @typedef {(entry: any, names: Names) => Part[]} Says */

const LONGEST = 48;
const b = (text) => ({ b: String(text) });

/** @type {(verb: string) => Says} */
const did = (verb) => (entry, names) => [`${verb} `, ...thing(entry, names)];
/** @type {(verb: string, member: string, word: string) => Says} */
const didAs = (verb, member, word) => (entry, names) => [
  `${verb} `,
  ...thing(entry, names),
  ...(isEmpty(entry.after?.[member]) ? [] : [`${word} `, b(valueOf(member, entry.after[member], names))]),
];
const imported = did("brought over from the original program");
const common = { create: did("made"), change: changed, delete: did("deleted") };

/** @type {Record<string, Record<string, Says>>} */
const SENTENCES = {
  budget: {
    ...common,
    create: ({ after, ...entry }, names) => [
      "set ",
      ...thing({ ...entry, after }, names),
      ...(after?.amount ? [" to ", b(dollars(after.amount))] : []),
      ...(after?.hard === false ? [", which only tells"] : []),
    ],
    raise: ({ after, ...entry }, names) => [
      "raised ",
      ...thing({ ...entry, after }, names),
      ...(after?.raised ? [" by ", b(dollars(after.raised))] : []),
      ...(after?.raised_until ? [" until ", b(exactTime(after.raised_until))] : []),
    ],
  },
  call: {
    stop: ({ before }, names) => {
      const client = names.clients?.[before?.client_id];
      return [
        "stopped a call under way",
        ...(client ? [" of client ", b(client)] : []),
        ...(before?.model_requested ? [" to ", b(before.model_requested)] : []),
      ];
    },
  },
  calls: {
    reprice: ({ after }, names) => ["began to price past calls again", ...which(after, names)],
    repriced: ({ after }) => [
      after?.state === "failed"
        ? "stopped half-way through pricing past calls again"
        : "priced past calls again",
      ...(after && "rows" in after
        ? [
            `: ${plural(after.rows, "call")}, ${dollars(after.before)} before and `,
            b(dollars(after.after)),
            " after",
          ]
        : []),
    ],
  },
  client: { ...common, import: imported },
  database: { backup: () => ["took a backup of the database"] },
  group: {
    ...common,
    create: (entry, names) => did(entry.after?.state === "draft" ? "drafted" : "made")(entry, names),
    change: (entry, names) =>
      entry.after?.state === "draft" ? did("saved a draft of")(entry, names) : changed(entry, names),
    publish: ({ before, after, ...entry }, names) => [
      `put version ${after?.version ?? "?"} of `,
      ...thing({ ...entry, before, after }, names),
      " in force",
      ...(before && before.version !== after?.version ? [`, in place of version ${before.version}`] : []),
    ],
    import: imported,
  },
  guard: common,
  import: { import: did("read") },
  key: {
    ...common,
    revoke: did("revoked"),
    rotate: (entry, names) => [
      "replaced ",
      ...thing(entry, names),
      ...(entry.after?.last4 ? [" by one that ends in ", b(entry.after.last4)] : [" by a new one"]),
    ],
    import: imported,
  },
  limits: {
    ...common,
    create: (entry, names) => {
      const said = differences(null, { limits: entry.after?.limits });
      return [
        "limited ",
        ...thing(entry, names).slice(1),
        ...said.flatMap((one, n) => [n ? ", " : " to ", b(valueOf(one.path, one.after)), ` ${one.label}`]),
      ];
    },
  },
  model: { change: changed, reset: did("took back what was set about"), import: imported },
  organisation: common,
  prices: { refresh: () => ["looked for newer prices"] },
  provider: {
    ...common,
    create: did("added"),
    set_credit: (entry, names) =>
      isEmpty(entry.after?.balance)
        ? ["forgot the credit of ", ...thing(entry, names)]
        : ["entered a credit of ", b(dollars(entry.after.balance)), " for ", ...thing(entry, names)],
    import: imported,
  },
  reconciliation: {
    create: (entry, names) => ["held ", ...thing(entry, names), " against the ledger"],
    delete: did("deleted"),
  },
  session: { sign_in: () => ["signed in"], sign_out: () => ["signed out"] },
  team: common,
  token: { create: didAs("made", "scopes", ", which may"), revoke: did("revoked") },
  user: {
    ...common,
    create: didAs("added", "role", " as"),
    set_password: (entry, names) =>
      entry.actor_id && entry.actor_id === entry.target_id
        ? ["changed their own password"]
        : ["set the password of ", ...thing(entry, names)],
    import: imported,
  },
  webhook: {
    ...common,
    create: did("added"),
    renew_secret: (entry, names) => ["gave ", ...thing(entry, names), " a new secret"],
    test: (entry, names) => ["sent a test event to ", ...thing(entry, names)],
  },
};

/** Every action that has a sentence, by the words of a filter. @type {Record<string, string>} */
export const ACTIONS = {
  create: "Made or added",
  change: "Changed",
  delete: "Deleted",
  revoke: "Revoked",
  rotate: "Replaced by a successor",
  sign_in: "Signed in",
  sign_out: "Signed out",
  set_password: "Password set",
  raise: "Raised for a while",
  set_credit: "Credit entered",
  publish: "Put in force",
  reset: "Set back",
  stop: "Stopped",
  reprice: "Pricing begun",
  repriced: "Priced again",
  refresh: "Looked for prices",
  renew_secret: "Secret renewed",
  test: "Test event sent",
  backup: "Backup taken",
  import: "Brought over",
};

/** What can be done to things of a kind. @param {string} kind */
export const actionsOf = (kind) => Object.keys(SENTENCES[kind] || {});

/**
 * What was done, without who did it. `isKnown` is false for an action that no sentence was written for.
 * @param {any} entry @param {Names} names @returns {{parts: Part[], isKnown: boolean}}
 */
export function sentence(entry, names) {
  const says = SENTENCES[entry.target_kind]?.[entry.action];
  if (says) return { parts: says(entry, names), isKnown: true };
  return { parts: [`${entry.action.replaceAll("_", " ")}: `, ...thing(entry, names)], isKnown: false };
}

/** What was changed: one member in full, a few by their names. @type {Says} */
function changed(entry, names) {
  const it = thing(entry, names);
  const found = differences(entry.before, entry.after);
  if (!found.length) return ["saved ", ...it, " as it was"];
  if (found.length === 1) return one(entry, found[0], it, names);
  const labels = together(found);
  if (labels.length === 1)
    return [`changed the ${labels[0]} of `, ...(entry.target_kind === "limits" ? it.slice(1) : it)];
  const shown = labels.length > 4 ? [...labels.slice(0, 3), `${labels.length - 3} more`] : labels;
  return ["changed ", ...it, `: ${shown.slice(0, -1).join(", ")} and ${shown[shown.length - 1]}`];
}

/** @param {any} entry @param {import("../../members.js").Difference} difference @param {Part[]} it @param {Names} names @returns {Part[]} */
function one(entry, { path, label, before, after }, it, names) {
  const was = valueOf(path, before, names);
  const now = valueOf(path, after, names);
  if (path === "name" || path === "username") return ["renamed ", ...it, " to ", b(now)];
  if (path === "enabled" || path === "disabled")
    return [(path === "enabled") === Boolean(after) ? "switched on " : "switched off ", ...it];
  if (/(^|\/)api_key(_masked)?$/.test(path))
    return [isEmpty(after) ? "took away" : isEmpty(before) ? "added" : "replaced", ` the ${label} of `, ...it];
  if (entry.target_kind === "budget" && path === "hard")
    return ["changed ", ...it, `: calls beyond it `, b(now)];
  // A budget is its amount, and limits are what they limit.
  const isAmount = entry.target_kind === "budget" && path === "amount";
  const of = entry.target_kind === "limits" ? it.slice(1) : it;
  const what = isAmount ? it : [`the ${label} of `, ...of];
  if (isNumber(before) && isNumber(after))
    return [Number(after) > Number(before) ? "raised " : "lowered ", ...what, " from ", b(was), " to ", b(now)];
  if (was.length > LONGEST || now.length > LONGEST || Array.isArray(before) || Array.isArray(after))
    return ["changed ", ...what];
  if (isEmpty(before)) return ["set ", ...what, " to ", b(now)];
  return ["changed ", ...what, " from ", b(was), " to ", b(now)];
}

const isNumber = (value) =>
  typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));

/** Of which calls. @returns {Part[]} */
function which(after, names) {
  const said = ["provider", "model", "since", "until"].filter((name) => !isEmpty(after?.[name]));
  return said.flatMap((name, n) => [
    n ? ", " : ": ",
    name === "since" ? "from " : name === "until" ? "until " : `${name} `,
    b(valueOf(name, after[name], names)),
  ]);
}
