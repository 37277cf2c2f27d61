// How many rows a question has, and beside it how many it had as they were known at another instant.
import { useAnswer, useConsole } from "./hooks.js";

/**
 * @param {import("./question.js").Question} question
 * @param {string} other an instant of recorded time; empty: none
 * @returns {import("./hooks.js").Coming<import("./api.js").Answer>}
 */
export function useTotal(question, other) {
  const { api } = useConsole();
  const total = { ...question, ...(other ? { compare: `known-at:${other}`, measure: ["count"] } : { count: true }) };
  return useAnswer((signal) => api.post("/questions", total, { signal }), [total]);
}
