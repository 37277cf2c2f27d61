// Scenes below a map: the picture of those that hold at the instant, where it lies.
import { useAnswer, useConsole } from "./hooks.js";
import { Problem } from "./api.js";

const WIDTH_PIXELS = 1536;

/**
 * Return overlays of the layers of scenes that were chosen to lie underneath.
 * @param {string[]} chosen names of layers
 * @param {string} at instant of valid time; empty: now
 * @param {string} known
 * @returns {import("../components/mapview.js").Overlay[]}
 */
export function useScenes(chosen, at, known) {
  const { api, city } = useConsole();
  const names = city.layers.filter(({ role, name }) => role === "scenes" && chosen.includes(name)).map(({ name }) => name);
  const params = { at: at || known, known, width: WIDTH_PIXELS };
  const coming = useAnswer((signal) => (names.length ? Promise.all(names.map((name) => cornersOf(api, name, params, signal))) : undefined), [names, params]);
  return (coming.value ?? []).flatMap(({ name, corners, asked }) =>
    corners && names.includes(name) ? [{ id: `under-${name}`, kind: /** @type {const} */ ("image"), corners, path: `/scenes/${encodeURIComponent(name)}/image?${asked}` }] : [],
  );
}

/**
 * @param {import("./api.js").Api} api
 * @param {string} name
 * @param {Record<string, string | number>} params
 * @param {AbortSignal} signal
 */
async function cornersOf(api, name, params, signal) {
  const asked = new URLSearchParams(Object.entries(params).map(([key, value]) => [key, String(value)])).toString();
  try {
    const { corners } = await api.get(`/scenes/${encodeURIComponent(name)}/image.json`, { params, signal });
    return { name, corners, asked };
  } catch (error) {
    // No scene holds then: nothing is to be seen.
    if (error instanceof Problem && error.status >= 400 && error.status < 500) return { name, corners: null, asked };
    throw error;
  }
}
