// Questions are documents, the same as in Python, in the shell and in saved files (docs/reference/question.schema.json).

/**
 * @typedef {import("./state.js").State} State
 * @typedef {Record<string, any> & {layer: string}} Question
 */

const LISTS = /** @type {const} */ (["what", "where", "when", "group"]);
const TEXTS = /** @type {const} */ (["weekdays", "hours", "months", "seasons", "days"]);

/**
 * Return the question that a state holds, without what is to be measured: rows.
 * @param {State} state
 * @returns {Question}
 */
export function questionOf(state) {
  /** @type {Question} */
  const question = { layer: state.layer };
  for (const name of LISTS) if (state[name].length) question[name] = state[name];
  for (const name of TEXTS) if (state[name]) question[name] = state[name];
  if (state.known) question.known_at = question.now = state.known;
  if (state.asof) question.as_of = state.asof;
  return question;
}

/**
 * Return a question about the rows of a group of another's answer: as many as the group's count.
 * @param {Question} question
 * @param {Record<string, string | number | boolean | null>} group values by what grouped, as it is written in `by`
 * @returns {Question}
 */
export function ofGroup(question, group) {
  const { by: _by, measure: _measure, count: _count, compare: _compare, order: _order, limit: _limit, having: _having, ...rows } = question;
  return { ...rows, group: [...(question.group ?? []), ...Object.entries(group).map(([by, value]) => groupText(by, value))] };
}

/**
 * Return a group as a question's document writes it: `week=2024-W22`.
 * @param {string} by
 * @param {string | number | boolean | null} value null: of rows that have none
 */
export function groupText(by, value) {
  const text = value === null ? "" : String(value);
  const quoted = typeof value === "string" && (text === "" || text.startsWith('"'));
  return `${by}=${quoted ? `"${text.replaceAll('"', '""')}"` : text}`;
}

/**
 * Return the name of the field that a part of `by` has in answers: `cell:500m` is `cell_500m`.
 * @param {string} by
 */
export function fieldOf(by) {
  const quoted = /^"(.*)"$/s.exec(by);
  return quoted ? quoted[1].replaceAll('""', '"') : by.replaceAll(/[:.-]/g, "_");
}
