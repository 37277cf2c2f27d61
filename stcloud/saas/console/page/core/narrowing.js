// What a click on a part of a view does: it narrows all views; with Shift or Alt it shows the rows.
import { useConsole } from "./hooks.js";
import { groupText, ofGroup } from "./question.js";

/**
 * @typedef {Record<string, string | number | boolean | null>} Group values by what grouped
 * @typedef {object} Narrowing
 * @property {(event: {shiftKey: boolean, altKey: boolean}, base: import("./question.js").Question, group: Group) => void} to
 * @property {(event: {shiftKey: boolean, altKey: boolean}, base: import("./question.js").Question, filter: string) => void} by
 */

/**
 * Return what narrows the state: to a group, by a filter.
 * @returns {Narrowing}
 */
export function useNarrowing() {
  const { store } = useConsole();
  const rows = (/** @type {object} */ question) => store.set({ rows: JSON.stringify(question) });
  return {
    to({ shiftKey, altKey }, base, group) {
      if (shiftKey || altKey) return rows(ofGroup(base, group));
      const { group: former } = store.get();
      const added = Object.entries(group).map(([by, value]) => groupText(by, value)).filter((text) => !former.includes(text));
      if (added.length) store.set({ group: [...former, ...added] });
    },
    by({ shiftKey, altKey }, base, filter) {
      if (shiftKey || altKey) return rows({ ...base, what: [...(base.what ?? []), filter] });
      const { what } = store.get();
      if (!what.includes(filter)) store.set({ what: [...what, filter] });
    },
  };
}
