// The layers of a city with what is known of them, and the questions that count their rows.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { numberText } from "../../core/format.js";

/**
 * @typedef {object} LoadDocument a load, with its counts
 * @property {string} load
 * @property {string} mode
 * @property {string} recorded
 * @property {string | null} file
 * @property {number} read
 * @property {number} accepted
 * @property {number} updated
 * @property {number} unchanged
 * @property {number} duplicates
 * @property {number} rejected
 * @property {number} unplaced
 *
 * @typedef {object} LayerDocument as `GET /layers` gives it
 * @property {string} name
 * @property {string} title
 * @property {string} kind
 * @property {string | null} role
 * @property {string[]} themes
 * @property {string[]} [keywords]
 * @property {string | null} owner
 * @property {string | null} [description]
 * @property {string | null} [lineage]
 * @property {string | null} [contact]
 * @property {string | null} [licence]
 * @property {[number, number, number, number] | null} bbox
 * @property {string | null} first
 * @property {string | null} last
 * @property {string | null} complete_to
 * @property {number} loads
 * @property {LoadDocument | null} last_load
 * @property {string | null} update_cycle
 * @property {string | null} stale_since
 * @property {string[]} may
 * @property {{unplaced: number, read: number, rejected: number, rejected_share: number | null, lateness_s: number | null}} [quality]
 * @property {Record<string, any>[]} [columns]
 * @property {LoadDocument[]} [history]
 */

const PAGE_LAYERS = 1000;

/**
 * Return the layers that may be seen, with their quality.
 * @returns {{layers: LayerDocument[], problem: import("../../core/api.js").Problem | undefined, waiting: boolean}}
 */
export function useLayers() {
  const { api } = useConsole();
  const answer = useAnswer((signal) => api.get("/layers", { params: { limit: PAGE_LAYERS }, signal }), []);
  return { layers: answer.value?.layers ?? [], problem: answer.problem, waiting: answer.waiting };
}

/**
 * Return the question about all rows of a layer, as they were known; features as they were at the other instant.
 * @param {LayerDocument} layer
 * @param {import("../../core/state.js").State} state
 * @returns {import("../../core/question.js").Question}
 */
export function rowsOf(layer, state) {
  const known = { known_at: state.known, now: state.known };
  return layer.kind === "event" ? { layer: layer.name, ...known } : { layer: layer.name, as_of: state.asof || state.known, ...known };
}

/**
 * @typedef {{value: number | null, question: import("../../core/question.js").Question}} RowCount null: it cannot be counted
 */

/**
 * Return how many rows each layer has, by name, each with the question that it answers: also while another is awaited.
 * @param {LayerDocument[]} layers
 * @param {import("../../core/state.js").State} state
 * @returns {{counts: Record<string, RowCount>, waiting: boolean}}
 */
export function useRowCounts(layers, state) {
  const { api } = useConsole();
  const counted = layers.filter((layer) => layer.kind !== "scene" && layer.may.length > 0);
  const questions = counted.map((layer) => rowsOf(layer, state));
  const answer = useAnswer((signal) => (questions.length ? counts(api, questions, signal) : undefined), [questions]);
  return { counts: answer.value ?? {}, waiting: questions.length > 0 && answer.waiting };
}

/**
 * @param {import("../../core/api.js").Api} api
 * @param {import("../../core/question.js").Question[]} questions
 * @param {AbortSignal} signal
 * @returns {Promise<Record<string, RowCount>>}
 */
async function counts(api, questions, signal) {
  const answers = await api.batch(questions.map((question) => ({ ...question, count: true })), { signal });
  return Object.fromEntries(answers.map((part, place) => {
    const question = questions[place];
    return [question.layer, { question, value: "rows" in part ? (part.rows[0]?.count ?? null) : null }];
  }));
}

/**
 * Return whether a layer is as fresh as its cycle of updates says.
 * @param {LayerDocument} layer
 * @returns {"stale" | "current" | "unstated"}
 */
export function freshnessOf(layer) {
  if (layer.stale_since) return "stale";
  return layer.update_cycle ? "current" : "unstated";
}

const CYCLES = new Set(["PT1H", "P1D", "P1W", "P7D", "P1M", "P3M", "P1Y"]);

/**
 * Return a cycle of updates in words: `P1D` is daily.
 * @param {string | null} cycle a duration of ISO 8601
 * @param {import("../../core/words.js").Translate} t
 */
export function cycleText(cycle, t) {
  if (!cycle) return "–";
  return CYCLES.has(cycle) ? t(`cycle.${cycle}`) : t("cycle.other", { cycle });
}

/**
 * Return how long something took, in the unit that suits it.
 * @param {number | null | undefined} seconds
 * @param {import("../../core/words.js").Translate} t
 * @param {string} lang
 */
export function lengthText(seconds, t, lang) {
  if (seconds === null || seconds === undefined) return "–";
  const [unit, length] = seconds < 120 ? ["s", 1] : seconds < 7200 ? ["min", 60] : seconds < 172_800 ? ["h", 3600] : ["d", 86_400];
  return t(`length.${unit}`, { value: numberText(seconds / length, lang, 1) });
}
