// Documents of the service that hardly change while a page is open: each is asked for once.
import { useAnswer, useConsole } from "./hooks.js";

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {"text" | "integer" | "number" | "boolean" | "date" | "instant"} type
 * @property {string | null} title
 * @property {string | null} unit
 * @property {string[] | null} values those that are allowed, or known
 * @property {string | null} classes the table of classes that its codes are of, such as `matter-2026`
 * @property {boolean} personal
 *
 * @typedef {Record<string, any> & {name: string, title: string, kind: string, columns: Column[]}} LayerDocument
 */

/** @type {WeakMap<object, Map<string, Promise<any>>>} */
const kept = new WeakMap();

/**
 * Return a document; one that was refused is asked for again the next time.
 * @param {import("./api.js").Api} api
 * @param {object} city what was said at the start; after a sign-in it is another one
 * @param {string} path
 * @param {Record<string, string | number | undefined>} [params]
 * @returns {Promise<any>}
 */
export function keptDocument(api, city, path, params = {}) {
  const documents = kept.get(city) ?? new Map();
  kept.set(city, documents);
  const key = JSON.stringify([path, params]);
  if (!documents.has(key)) {
    const coming = api.get(path, { params });
    coming.catch(() => documents.delete(key));
    documents.set(key, coming);
  }
  return documents.get(key);
}

/**
 * @param {string | undefined} path undefined: nothing is asked
 * @param {Record<string, string | number | undefined>} [params]
 * @returns {import("./hooks.js").Coming<any>} its value is never that of another path
 */
export function useDocument(path, params = {}) {
  const { api, city } = useConsole();
  const about = [path, params, city.now];
  const key = JSON.stringify(about);
  const coming = useAnswer(
    () => (path === undefined ? undefined : keptDocument(api, city, path, params).then((document) => ({ key, document }))),
    about,
  );
  const value = coming.value?.key === key ? coming.value.document : undefined;
  return { ...coming, value };
}

/**
 * Return a layer with its columns; undefined until it is known.
 * @param {string} name
 * @returns {LayerDocument | undefined}
 */
export function useLayer(name) {
  return useDocument(name ? `/layers/${encodeURIComponent(name)}` : undefined).value;
}

/**
 * Return the layers of features whose shapes are areas, as far as they are known.
 * @returns {Record<string, any>[]}
 */
export const useAreaLayers = () => useAreas().layers;

/**
 * Return the layers of features whose shapes are areas, and whether there may be more.
 * @returns {{layers: Record<string, any>[], waiting: boolean}}
 */
export function useAreas() {
  const { api, city } = useConsole();
  const sure = ["communities", "administrative-areas"];
  const perhaps = city.layers.filter(({ kind, role }) => kind === "feature" && role === "features");
  const looked = useAnswer(() => Promise.all(perhaps.map((layer) => isArea(api, city, layer.name))), [perhaps.map(({ name }) => name), city.now]);
  const areas = [...sure.flatMap((part) => city.layers.filter(({ role }) => role === part)), ...perhaps.filter((_, at) => looked.value?.[at])];
  return { layers: areas, waiting: looked.waiting };
}

/**
 * @param {import("./api.js").Api} api
 * @param {object} city
 * @param {string} layer
 * @returns {Promise<boolean>}
 */
async function isArea(api, city, layer) {
  try {
    const { features } = await keptDocument(api, city, `/collections/${encodeURIComponent(layer)}/items`, { limit: 1, datetime: "1000-01-01T00:00:00Z/.." });
    return /Polygon$/.test(features[0]?.geometry?.type ?? "");
  } catch {
    return false;
  }
}
