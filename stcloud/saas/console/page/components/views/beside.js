// Numbers beside others: those of a period before, of another place, as it was known then.
import { numberText } from "../../core/format.js";
import { earlierWhen } from "../../core/span.js";

/** @typedef {import("../../core/question.js").Question} Question */

/**
 * Return the field's number that an answer puts beside another; undefined: nothing is compared.
 * @param {Record<string, any>} row
 * @param {string} field
 * @returns {number | null | undefined}
 */
export const besideIn = (row, field) => (`${field}_before` in row ? row[`${field}_before`] : row[`${field}_other`]);

/**
 * Return a change as people read it: `+36 (+9.9 %)`.
 * @param {Record<string, any>} row
 * @param {string} field
 * @param {string} lang
 */
export function changeText(row, field, lang) {
  const [change, share] = [row[`${field}_change`], row[`${field}_change_pct`]];
  if (change === null || change === undefined) return "–";
  const sign = (/** @type {number} */ value) => (value > 0 ? "+" : value < 0 ? "−" : "±");
  const text = (/** @type {number} */ value, /** @type {number} */ digits) => sign(value) + numberText(Math.abs(value), lang, digits);
  return share === null || share === undefined ? text(change, 2) : `${text(change, 2)} (${text(share, 1)} %)`;
}

/**
 * Return the question about the rows that a question is compared with; undefined: it is not plain which they are.
 * @param {Question} base
 * @param {string} compare
 * @returns {Question | undefined}
 */
export function besideOf(base, compare) {
  const [form, rest = ""] = compare.split(/:(.*)/s);
  if (form === "where") return { ...base, where: [rest] };
  if (form === "known-at") return { ...base, known_at: rest };
  if (base.group?.some((/** @type {string} */ text) => /^(hour|day|week|month|quarter|year)=/.test(text))) return undefined;
  const earlier = base.when?.length === 1 ? earlierWhen(base.when[0], compare) : undefined;
  return earlier === undefined ? undefined : { ...base, when: [earlier] };
}

/**
 * Return what stands beside, in a word.
 * @param {string} compare
 * @param {import("../../core/words.js").Translate} t
 */
export const besideName = (compare, t) => t(`beside.${compare.split(":")[0]}`);
