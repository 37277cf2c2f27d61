// Which questions the views of a state ask, all at once.
import { askedOf, compareOf, measureOf } from "../../core/asked.js";
import { byColumn } from "../../core/naming.js";
import { binOf, stateSpan } from "../../core/span.js";

/**
 * @typedef {import("../../core/question.js").Question} Question
 * @typedef {"head" | "series" | "week" | "days" | "top" | "areas"} Part
 * @typedef {object} Plan
 * @property {Question} base the rows that all views are of
 * @property {string} field what is shown: `count`, `value`
 * @property {string} compare
 * @property {import("../../core/span.js").Bin} bin of the time series
 * @property {"day" | "month"} daysBy bin of the calendar
 * @property {import("../../core/span.js").Span} span
 * @property {string[]} topBy
 * @property {string[]} areasBy
 * @property {Partial<Record<Part, Question>>} questions
 */

const MOST_DAYS = 3.1 * 366 * 86_400_000;

/**
 * Return what the views of a state ask.
 * @param {import("../../core/state.js").State} state
 * @param {import("../../core/hooks.js").City} city
 * @param {import("../../core/documents.js").LayerDocument} layer
 * @param {{areasBy: string[], most: number}} options `areasBy`: empty where there are no areas; `most`: longest list
 * @returns {Plan}
 */
export function planOf(state, city, layer, { areasBy, most }) {
  const base = askedOf(state, city);
  const { measure, field } = measureOf(state);
  const compared = compareOf(state);
  const span = stateSpan(state, layer, city.zone);
  const bin = binOf(span);
  const topBy = [topColumn(state, layer)].filter(Boolean);
  const daysBy = span.to - span.from > MOST_DAYS ? "month" : "day";
  const lists = { order: ["-count"], limit: most };
  const happened = layer.kind === "event" || Boolean(base.when);
  /** @type {Partial<Record<Part, Question>>} */
  const questions = { head: { ...base, measure, ...compared } };
  // Hours of two periods do not stand beside each other.
  const besides = bin === "hour" && ["previous", "year"].includes(state.compare) ? {} : compared;
  if (happened) questions.series = { ...base, by: [bin], measure, ...besides };
  if (layer.kind === "event") {
    questions.week = { ...base, by: ["weekday", "hour-of-day"], measure };
    questions.days = { ...base, by: [daysBy], measure };
  }
  if (topBy.length) questions.top = { ...base, by: topBy, measure, ...compared, ...lists };
  if (areasBy.length) questions.areas = { ...base, by: areasBy, measure, ...compared, ...lists };
  return { base, field, compare: compared.compare ?? "", bin, daysBy, span, topBy, areasBy, questions };
}

/** Names of columns that tell what a row is about, the plainest first. */
export const SUBJECTS = [/categor|complaint|problem|subject|offen[cs]e|问题|类别|类型/i, /class|descr/i, /^(type|kind|status|use)$/i, /type|kind/i];

/**
 * Return what the list of the most frequent is by: what was chosen, else classes, else a column that tells what it was.
 * @param {import("../../core/state.js").State} state
 * @param {import("../../core/documents.js").LayerDocument} layer
 */
function topColumn(state, layer) {
  const offered = topColumns(layer);
  if (offered.some(({ name }) => byColumn(name) === state.top)) return state.top;
  const chosen = offered.find(({ classes }) => classes) ?? SUBJECTS.map((subject) => offered.find(({ name }) => subject.test(name))).find(Boolean) ?? offered.find(({ values }) => values) ?? offered[0];
  return chosen ? byColumn(chosen.name) : "";
}

/**
 * Return the columns that rows may be listed by.
 * @param {import("../../core/documents.js").LayerDocument} layer
 */
export const topColumns = (layer) => layer.columns.filter(({ type }) => ["text", "boolean", "integer", "date"].includes(type));
