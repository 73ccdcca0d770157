/** What models can do, as the catalogue knows it. Unknown is not the same as no, and is shown as unknown. */

/** @type {[string, string][]} */
export const ABILITIES = [
  ["image", "Sees pictures"],
  ["tools", "Calls tools"],
  ["reasoning", "Reasons"],
];

/** Whether a model is known to have an ability. @param {any} row @param {string} ability */
export function able(row, ability) {
  const facts = row.facts || {};
  if (ability === "tools") return facts.tool_call === true;
  if (ability === "reasoning") return facts.reasoning === true;
  return (facts.reads || []).includes(ability);
}

/** "128 k tokens", "1 M tokens"; "" when it is not known. @param {any} row */
export function contextWords(row) {
  const context = row.facts?.context;
  if (!context) return "";
  return context >= 1e6
    ? `${Number((context / 1e6).toFixed(1))} M tokens`
    : `${Math.round(context / 1000)} k tokens`;
}

/** "text, pictures, PDFs": what it may be given; "" when it is not known. @param {any} row */
export const readsWords = (row) => (row.facts?.reads || []).map((one) => READS[one] || one).join(", ");
const READS = { image: "pictures", pdf: "PDFs" };
