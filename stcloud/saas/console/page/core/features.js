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
  const names = ["key", ...(label ? [quotedName(label)] : [])];
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
    return keptDocument(api, city, path(layer), { ...always(label), limit: 1, filter: `key = ${literal(key)}` }).then((document) => named(document, label));
  }, [layer, label, key, city.now]);
  const feature = answer.value?.[0];
  return feature?.key === key ? feature.name : key;
}

/** @param {string} layer */
const path = (layer) => `/collections/${encodeURIComponent(layer)}/items`;
/** Of all times, without shapes. @param {string | undefined} label */
const always = (label) => ({ datetime: "1000-01-01T00:00:00Z/..", skipGeometry: "true", ...(label && { properties: label }) });

/**
 * @param {any} document
 * @param {string | undefined} label
 * @returns {Named[]}
 */
function named({ features }, label) {
  const byKey = new Map();
  for (const feature of features) byKey.set(keyOf(feature), String((label && feature.properties[label]) || keyOf(feature)));
  return [...byKey].map(([key, name]) => ({ key, name }));
}

/** A version's own id has its time, too; its feature is the original. @param {any} feature @returns {string} */
function keyOf({ id, links = [] }) {
  const original = links.find((/** @type {any} */ link) => link.rel === "original")?.href;
  return original ? decodeURIComponent(original.split("/items/").at(-1)) : String(id);
}
