/** What providers' dialects and keys are called. */

const SPOKEN = {
  openai_chat: "OpenAI Chat",
  openai_responses: "OpenAI Responses",
  anthropic_messages: "Anthropic Messages",
  gemini: "Gemini",
  ollama: "Ollama",
};
export const DIALECTS = Object.keys(SPOKEN);
export const spoken = (dialect) => SPOKEN[dialect] || dialect;

/** The label of the key that stands by itself. */
export const OWN = "default";

/** Every key of a provider, with what ails it and its share of the calls. @param {any} row */
export function keysOf(row) {
  const own = row.api_key_masked
    ? [{ label: OWN, masked: row.api_key_masked, weight: row.api_key_weight }]
    : [];
  const keys = [
    ...own,
    ...row.credentials.map((one) => ({ label: one.label, masked: one.api_key_masked, weight: one.weight })),
  ];
  const sum = keys.reduce((before, one) => before + one.weight, 0);
  return keys.map((one) => ({
    ...one,
    share: sum ? one.weight / sum : 1 / keys.length,
    ailment: row.ailments.find(
      (each) => each.kind === "credential" && each.what === `${row.name}#${one.label}`,
    ),
  }));
}
