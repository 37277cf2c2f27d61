// Features by name: of a key the name, of a part of a name the keys.
import { layerOf } from "./asked.js";
import { quotedName } from "./condition.js";
import { keptDocument } from "./documents.js";
import { useAnswer, useConsole } from "./hooks.js";

const MOST = 40;
/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/**
 * @typedef {{key: string, name: string}} Named
 */

/**
 * Return the features of a layer whose name or key has a text, each once, however many versions it has.
 * @param {import("./api.js").Api} api
 * @param {import("./hooks.js").City} city
 * @param {string} layer
 * @param {string} text empty: the first ones
 * @param {{known?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<Named[]>}
 */
export async function featuresNamed(api, city, layer, text, { known, signal } = {}) {
  const label = layerOf(city, layer)?.label;
  const like = literal(`%${text.trim().replaceAll(/[\\%_]/g, "\\$&")}%`);
  const names = ["st_key", ...(label ? [quotedName(label)] : [])];
  const filter = text.trim() ? names.map((name) => `casei(${name}) LIKE casei(${like})`).join(" OR ") : undefined;
  return named(await api.get(path(layer), { params: { ...always(label), limit: MOST, filter, known }, signal }), label);
}

/**
 * Return what a feature is called; its key where it has no name, or is not known.
 * @param {string | undefined} layer undefined: nothing is asked
 * @param {string} key
 * @returns {string}
 */
export function useFeatureName(layer, key) {
  const { api, city } = useConsole();
  const label = layer ? layerOf(city, layer)?.label : undefined;
  const answer = useAnswer(() => {
    if (!layer || !label) return undefined;
    return keptDocument(api, city, path(layer), { ...always(label), limit: 1, filter: `st_key = ${literal(key)}` }).then((document) => named(document, label));
  }, [layer, label, key, city.now]);
  const feature = answer.value?.[0];
  return feature?.key === key ? feature.name : key;
}

/** @param {string} layer */
const path = (layer) => `/collections/${encodeURIComponent(layer)}/items`;
/** Of all times, without shapes. @param {string | undefined} label */
const always = (label) => ({ datetime: "../..", skipGeometry: "true", ...(label && { properties: label }) });

/**
 * @param {any} document
 * @param {string | undefined} label
 * @returns {Named[]}
 */
function named({ features }, label) {
  const byKey = new Map();
  for (const { id, properties } of features) byKey.set(String(id), String((label && properties[label]) || id));
  return [...byKey].map(([key, name]) => ({ key, name }));
}
