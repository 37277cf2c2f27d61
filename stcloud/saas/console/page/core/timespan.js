// Spans as the clocks have them: as the service understood them, as short as they can be written, and a step later.
// Instants are milliseconds of the local clock, counted as if it were UTC: layout only, what is asked is always text.
import { spanOf } from "./span.js";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** @typedef {import("./span.js").Span} Span */

/**
 * Return the span that the service understood: `2024-12-13T00:00+08:00/2024-12-20T00:00+08:00 (Asia/Shanghai); …`; of several their hull.
 * @param {string | undefined} fact
 * @param {Span} all what stands for an end that is open
 * @returns {Span | null}
 */
export function spanOfFact(fact, all) {
  const pairs = [...(fact ?? "").matchAll(/(\.\.|\d{4}-\d{2}-\d{2}T[\d:.]+)(?:Z|[+-][\d:]+)?\/(\.\.|\d{4}-\d{2}-\d{2}T[\d:.]+)/g)];
  if (!pairs.length) return null;
  const froms = pairs.map(([, from]) => (from === ".." ? all.from : localMs(from)));
  const tos = pairs.map(([, , to]) => (to === ".." ? all.to : localMs(to)));
  return { from: Math.min(...froms), to: Math.max(...tos) };
}

/** @param {string} text `2024-03-01T07:05`, with or without seconds */
const localMs = (text) => Date.parse(`${text.slice(0, 16)}:00Z`);

/**
 * Return how a span is written, as short as it can be: `2024`, `2024-03`, `2024-03-05`, `2024-03/2024-06`.
 * @param {number} from
 * @param {number} to
 */
export function spanText(from, to) {
  const text = new Date(from).toISOString();
  for (const length of [4, 7, 10, 13]) {
    const unit = spanOf(text.slice(0, length));
    if (unit?.from === from && unit.to === to) return text.slice(0, length);
  }
  return `${endText(from, to)}/${endText(to, from)}`;
}

/** @param {number} at @param {number} other ends are written alike */
function endText(at, other) {
  const text = new Date(at).toISOString();
  const both = (/** @type {number} */ from) => [at, other].every((end) => new Date(end).toISOString().slice(from) === "2000-01-01T00:00:00.000Z".slice(from));
  return both(8) ? text.slice(0, 7) : both(11) ? text.slice(0, 10) : text.slice(0, 16);
}

/**
 * Return the span some steps later; a step is as long as the span, and whole months stay whole months.
 * @param {{from: number, to: number}} span
 * @param {number} steps
 */
export function shifted({ from, to }, steps) {
  const months = wholeMonths(from, to);
  if (!months) return { from: from + steps * (to - from), to: to + steps * (to - from) };
  return { from: monthsAfter(from, steps * months), to: monthsAfter(to, steps * months) };
}

/** @param {number} from @param {number} to */
function wholeMonths(from, to) {
  const [first, last] = [new Date(from), new Date(to)];
  const begins = [first, last].every((end) => end.getUTCDate() === 1 && end.getTime() % DAY_MS === 0);
  return begins ? (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth() : 0;
}

/** @param {number} at @param {number} months */
const monthsAfter = (at, months) => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + months);

/**
 * Return by what the counts above a slider are grouped: at most some hundred bins.
 * @param {number} length of all of the time
 * @returns {import("./span.js").Bin}
 */
export function binFor(length) {
  const days = length / DAY_MS;
  return days > 3000 ? "quarter" : days > 700 ? "month" : days > 100 ? "week" : days > 5 ? "day" : "hour";
}

/**
 * Return the instant of valid time at which layers underneath are shown: that of the state, else the end of its time; empty: neither.
 * @param {import("./state.js").State} state
 * @param {string | undefined} fact how the service understood `when`
 */
export function validOf(state, fact) {
  if (state.asof) return state.asof;
  const span = state.when.length === 1 ? spanOf(state.when[0]) : undefined;
  const end = span?.to ?? (state.when.length ? spanOfFact(fact, { from: NaN, to: NaN })?.to : undefined);
  return end === undefined || Number.isNaN(end) ? "" : new Date(end - 60_000).toISOString().slice(0, 16);
}
