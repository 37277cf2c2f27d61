// The classes of components and matters, flat, with names in the language of the page.
import { useAnswer, useConsole } from "../../core/hooks.js";

/** @typedef {{code: string, name: string, kind: string}} CaseClass */

/**
 * Return the classes of a kind that are valid now; of both where none is named.
 * @param {string} kind `component`, `matter` or empty
 * @returns {CaseClass[]}
 */
export function useClasses(kind) {
  const { api, lang } = useConsole();
  const answer = useAnswer((signal) => api.get("/classes", { params: { kind }, signal }), [kind]);
  /** @type {CaseClass[]} */
  const classes = [];
  for (const scheme of answer.value?.schemes ?? []) collect(scheme.classes, scheme.kind, lang, classes);
  return classes;
}

/**
 * @param {any[]} nodes
 * @param {string} kind
 * @param {string} lang
 * @param {CaseClass[]} into
 */
function collect(nodes, kind, lang, into) {
  for (const node of nodes) {
    if (node.classes?.length) collect(node.classes, kind, lang, into);
    else if (!node.valid_to) into.push({ code: node.code, kind, name: (lang === "zh" && node.name_zh) || node.name || node.code });
  }
}
