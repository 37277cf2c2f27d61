// Logs of cases, their workflows, and the names that these give to states, roles, actions and fields.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { useMemo } from "../../core/html.js";

/**
 * @typedef {{name: string, title: string, layer: string | null, workflow: string, roles: {role: string, title: string, title_zh: string}[], own_roles: string[], may: string[]}} Log
 * @typedef {{name: string, title: string, type: string, required: boolean, values: string[], least: number | null, most: number | null}} FormField
 * @typedef {{action: string, title: string, title_zh: string, target: string | null, fields: FormField[]}} Form what an action states
 * @typedef {object} CaseClock
 * @property {string} stage `whole`, or a stage of the workflow
 * @property {string | null} limit `5 work days`
 * @property {string | null} started
 * @property {string | null} due
 * @property {number | null} elapsed
 * @property {number | null} left
 * @property {boolean} running
 * @property {boolean} paused
 * @property {boolean} overdue
 * @property {boolean} exempt
 * @property {boolean} provisional
 * @property {"green" | "yellow" | "red" | null} [light]
 * @property {number | null} [due_in_s]
 *
 * @typedef {object} CaseEntry a case of a list
 * @property {string} number
 * @property {string} state
 * @property {string} since
 * @property {string | null} kind
 * @property {string | null} class
 * @property {string | null} class_name
 * @property {string | null} department
 * @property {string | null} cell
 * @property {number | null} lon
 * @property {number | null} lat
 * @property {string} opened
 * @property {string | null} master
 * @property {string[]} flags
 * @property {number} seq
 * @property {CaseClock | null} clock
 * @property {CaseClock | null} stage_clock
 * @property {string[]} legal
 *
 * @typedef {{state: (name: string) => string, role: (name: string) => string, action: (name: string) => string, flag: (name: string) => string, field: (name: string, title?: string) => string}} Names
 */

/** Return the logs that may be read. */
export function useLogs() {
  const { api } = useConsole();
  return useAnswer((signal) => api.get("/cases", { signal }), []);
}

/**
 * Return the workflow of a log, and what opens a case of it.
 * @param {string} log
 */
export function useWorkflow(log) {
  const { api } = useConsole();
  return useAnswer((signal) => (log ? api.get(`/cases/${encodeURIComponent(log)}/workflow`, { signal }) : undefined), [log]);
}

/**
 * Return what a workflow calls its parts, in the language of the page.
 * @param {any} workflow undefined: not yet known
 * @returns {Names}
 */
export function useNames(workflow) {
  const { t, lang } = useConsole();
  return useMemo(() => {
    const titled = (/** @type {any} */ clause, /** @type {string} */ name) => (lang === "zh" && clause?.title_zh) || clause?.title || name;
    const actions = Object.fromEntries((workflow?.transitions ?? []).map((/** @type {any} */ clause) => [clause.action, titled(clause, clause.action)]));
    return {
      state: (name) => titled(workflow?.states?.[name], name),
      role: (name) => titled(workflow?.roles?.[name], name),
      action: (name) => actions[name] ?? name,
      flag: (name) => titled(workflow?.flags?.[name], name),
      field: (name, title = "") => title || (t(`casefield.${name}`) === `casefield.${name}` ? name : t(`casefield.${name}`)),
    };
  }, [workflow, lang]);
}

/**
 * Return the instants that a list or a case is asked for; empty: as it is now.
 * @param {import("../../core/state.js").State} state
 * @param {import("../../core/hooks.js").City} city
 * @returns {{at?: string, known?: string}}
 */
export function instantsOf(state, city) {
  if (isPresent(state, city)) return {};
  return { known: state.known, ...(state.asof && { at: state.asof }) };
}

/** When the page first knew of a city; signing in later does not make what it shows the past. @type {Map<string, string>} */
const began = new Map();

/**
 * Return whether the page shows cases as they are now, and not as they were: only then can be acted.
 * @param {import("../../core/state.js").State} state
 * @param {import("../../core/hooks.js").City} city
 */
export function isPresent(state, city) {
  const begun = began.get(city.name) ?? city.now;
  began.set(city.name, begun);
  return !state.asof && Date.parse(state.known) >= Date.parse(begun);
}

/**
 * Return what an action is called.
 * @param {Form} form
 * @param {string} lang
 */
export function titleOf(form, lang) {
  return (lang === "zh" && form.title_zh) || form.title || form.action;
}
