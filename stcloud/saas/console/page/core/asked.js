// What a state asks of its layer. Layers of events and layers of features take times differently.
import { questionOf } from "./question.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./hooks.js").City} City
 * @typedef {import("./question.js").Question} Question
 */

/**
 * Return what is known of a layer at the start; undefined where there is none of this name.
 * @param {City} city
 * @param {string} name
 */
export const layerOf = (city, name) => city.layers.find((layer) => layer.name === name);

/**
 * Return the question of a state: events have no instant at which they are there; features need a time, and have that
 * of what is known where none is chosen.
 * @param {State} state
 * @param {City} city
 * @returns {Question}
 */
export function askedOf(state, city) {
  const { as_of, ...question } = questionOf(state);
  if (layerOf(city, state.layer)?.kind !== "feature" || question.when) return question;
  return { ...question, as_of: as_of ?? state.known };
}

/**
 * Return what is to be measured, and the field of answers that holds it. The count is always asked: it leads to rows.
 * @param {State} state
 * @returns {{measure: string[], field: string}}
 */
export function measureOf(state) {
  if (!state.measure || state.measure === "count") return { measure: ["count"], field: "count" };
  return { measure: ["count", `value = ${state.measure}`], field: "value" };
}

/**
 * Return what the question's numbers are put beside, where that can be done: a period before needs one period.
 * @param {State} state
 * @returns {{compare?: string}}
 */
export function compareOf(state) {
  if (!state.compare) return {};
  const ofPeriods = state.compare === "previous" || state.compare === "year";
  const comparable = state.when.length === 1 && !state.when[0].includes("..");
  return ofPeriods && !comparable ? {} : { compare: state.compare };
}
