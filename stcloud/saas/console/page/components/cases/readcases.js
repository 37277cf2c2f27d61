// Reads lists of cases page after page, and puts the most pressing first.
import { clockOf, hasEnded, lightOf } from "./clocktext.js";

/** @typedef {import("./logs.js").CaseEntry} CaseEntry */

const PAGE_CASES = 1000;
const MOST_PAGES = 5;
const [UNLIMITED, ENDED] = [3, 4];
const PRESSING = /** @type {Record<string, number>} */ ({ red: 0, yellow: 1, green: 2 });

/**
 * Return the cases of a list, the most pressing first, and whether there are more than were read.
 * @param {import("../../core/api.js").Api} api
 * @param {string} log
 * @param {Record<string, string | undefined>} params
 * @param {AbortSignal} signal
 * @returns {Promise<{cases: CaseEntry[], more: boolean}>}
 */
export async function readCases(api, log, params, signal) {
  /** @type {CaseEntry[]} */
  const cases = [];
  let after = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api.get(`/cases/${encodeURIComponent(log)}`, { params: { ...params, limit: PAGE_CASES, after }, signal });
    cases.push(...answer.cases);
    after = answer.after ?? "";
    if (!after) break;
  }
  return { cases: cases.sort(byUrgency), more: Boolean(after) };
}

/**
 * @param {CaseEntry} one
 * @param {CaseEntry} other
 */
function byUrgency(one, other) {
  return rankOf(one) - rankOf(other) || dueOf(one) - dueOf(other) || one.number.localeCompare(other.number);
}

/** What has ended comes last. @param {CaseEntry} entry */
function rankOf(entry) {
  const clock = clockOf(entry);
  if (clock && hasEnded(clock)) return ENDED;
  return PRESSING[lightOf(clock)] ?? UNLIMITED;
}

/** @param {CaseEntry} entry */
function dueOf(entry) {
  const clock = clockOf(entry);
  return clock?.due ? Date.parse(clock.due) : Infinity;
}
