// How many rows a question has, and beside it how many it had as they were known at another instant.
import { useAnswer, useConsole } from "./hooks.js";

/**
 * @param {import("./question.js").Question} question
 * @param {string} other an instant of recorded time; empty: none
 * @returns {import("./hooks.js").Coming<import("./api.js").Answer & {question: import("./question.js").Question, other: string}>} with that of the rows which were counted
 */
export function useTotal(question, other) {
  const { api } = useConsole();
  const total = { ...question, ...(other ? { compare: `known-at:${other}`, measure: ["count"] } : { count: true }) };
  return useAnswer(async (signal) => ({ ...(await api.post("/questions", total, { signal })), question, other }), [total]);
}
