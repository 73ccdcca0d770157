/** How a key is, in a colour and a word. */

/** @param {any} key @returns {[string, string]} */
export function stateOf(key) {
  const isPast = (time) => new Date(time).getTime() <= Date.now();
  if (key.revoked_at) return ["bad", "revoked"];
  if (key.replaced_by)
    return key.grace_until && !isPast(key.grace_until) ? ["warn", "rotated, in grace"] : ["bad", "rotated"];
  if (key.expires_at && isPast(key.expires_at)) return ["bad", "expired"];
  return ["ok", "active"];
}

/** Which models it may use, in words. @param {{models: string[]|null}} key */
export const modelsOf = ({ models }) => (models === null ? "all" : models.join(", ") || "none");
