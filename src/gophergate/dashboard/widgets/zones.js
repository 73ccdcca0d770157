/** Time zones: which there are, and when a period that follows the clocks of one begins anew. */

/** Every zone that this browser knows. @returns {string[]} */
export const zones = () => ("supportedValuesOf" in Intl ? Intl.supportedValuesOf("timeZone") : []);
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What the clocks of a zone show at a moment, as if it were UTC. @param {string} zone @param {number} at milliseconds */
function clock(zone, at) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
  }).formatToParts(at);
  const [year, month, day, hour, minute] = ["year", "month", "day", "hour", "minute"].map((type) =>
    Number(parts.find((one) => one.type === type)?.value),
  );
  return Date.UTC(year, month - 1, day, hour, minute);
}

/**
 * When the next period begins there, in milliseconds; null where there is no such zone or the period follows no clock.
 * Where clocks are put forward over midnight it is the first moment there is; where back, the first of the two.
 * @param {string} period @param {string} zone @param {number} now
 */
export function nextReset(period, zone, now = Date.now()) {
  const minute = Math.floor(now / 60000) * 60000;
  let here;
  try {
    here = new Date(clock(zone, minute));
  } catch {
    return null;
  }
  const before = here.getTime() - minute;
  if (period === "hour") here.setUTCMinutes(60);
  else if (period === "day") here.setUTCHours(24, 0);
  else if (period === "week") here.setUTCHours(24 * (8 - (here.getUTCDay() || 7)), 0);
  else if (period === "month") {
    here.setUTCMonth(here.getUTCMonth() + 1, 1);
    here.setUTCHours(0, 0);
  } else return null;
  const wanted = here.getTime();
  const first = wanted - before;
  const second = wanted - (clock(zone, first) - first);
  const right = [first, second].filter((at) => clock(zone, at) === wanted);
  return right.length ? Math.min(...right) : Math.max(first, second);
}
