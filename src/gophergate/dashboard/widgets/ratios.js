/** What is read out of a sum of calls. @typedef {any} Sum */

/** The share of calls that failed. @param {Sum} row */
export const failed = (row) => (row.calls ? (row.error + row.timeout) / row.calls : 0);

/** Every token that went in, from the cache or not. @param {Sum} row */
export const tokensIn = (row) => row.input + row.cache_read + row.cache_write + row.cache_write_1h;

/** The share of tokens that came from a provider's cache; null when nothing went in. @param {Sum} row */
export function hitRatio(row) {
  const all = tokensIn(row);
  return all ? row.cache_read / all : null;
}
