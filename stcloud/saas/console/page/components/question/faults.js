// Which part of a question the service refuses: each part is asked about alone when the whole was refused.
import { Problem } from "../../core/api.js";
import { layerOf } from "../../core/asked.js";
import { useAnswer, useConsole } from "../../core/hooks.js";

const LISTS = /** @type {const} */ (["what", "where", "when", "group"]);
const TEXTS = /** @type {const} */ (["weekdays", "hours", "months", "seasons", "days"]);

/**
 * @typedef {(field: string, text?: string) => Problem | undefined} Faults what is wrong with a part
 */

/**
 * Return what is wrong with the parts of a question that was refused.
 * @param {import("../../core/question.js").Question} question
 * @param {Problem | undefined} problem of the whole; undefined: nothing is wrong
 * @returns {Faults}
 */
export function useFaults(question, problem) {
  const { api, city } = useConsole();
  const refused = problem && problem.status >= 400 && problem.status < 500;
  const parts = partsOf(question, layerOf(city, question.layer)?.kind === "feature");
  const answer = useAnswer((signal) => {
    if (!refused || !parts.length) return undefined;
    return api.batch(parts.map((part) => part.question), { signal }).then((answers) =>
      parts.flatMap(({ field, text }, at) => {
        const part = answers[at];
        return part instanceof Problem ? [{ field, text, problem: part }] : [];
      }));
  }, [question, refused]);
  return (field, text) => answer.value?.find((fault) => fault.field === field && (text === undefined || fault.text === text))?.problem;
}

/**
 * @param {import("../../core/question.js").Question} question
 * @param {boolean} features
 */
function partsOf(question, features) {
  const { layer, known_at, now } = question;
  const alone = { layer, ...(known_at && { known_at, now }), count: true };
  const timed = features ? { ...alone, as_of: question.as_of ?? known_at } : alone;
  const parts = LISTS.flatMap((field) => (question[field] ?? []).map((/** @type {string} */ text) => (
    { field, text, question: { ...(field === "when" ? alone : timed), [field]: [text] } })));
  for (const field of TEXTS) if (question[field]) parts.push({ field, text: question[field], question: { ...timed, [field]: question[field] } });
  const { count: _count, ...measured } = timed;
  for (const text of question.measure ?? []) if (text !== "count") parts.push({ field: "measure", text, question: { ...measured, measure: [text] } });
  if (question.compare) parts.push({ field: "compare", text: question.compare, question: { ...alone, ...(question.when ? { when: question.when } : timed), compare: question.compare } });
  return parts;
}
