// The city's own layers below what a board shows: which there are, which are drawn without being chosen, and as of when.
import { microsecondsOf } from "./loads.js";

const MOST_FEATURES = 20_000;
const NOT_BY_ITSELF = ["components", "unit-grid", "duty-grids", "scenes"];

/**
 * Return the layers that may lie underneath.
 * @param {import("./hooks.js").City} city
 */
export const layersUnder = (city) => city.layers.filter(({ kind, role }) => kind === "feature" || role === "scenes");

/**
 * Return the names of the layers that lie underneath: those that were chosen, else the small ones of areas and streets.
 * @param {import("./hooks.js").City} city
 * @param {string[]} chosen `none`: none are
 */
export function shownUnder(city, chosen) {
  const there = layersUnder(city);
  if (chosen.length) return there.filter(({ name }) => chosen.includes(name));
  return there.filter(({ role, rows }) => !NOT_BY_ITSELF.includes(role) && !(rows > MOST_FEATURES));
}

/**
 * Return overlays of the layers underneath.
 * @param {import("./hooks.js").City} city
 * @param {import("./state.js").State} state
 * @param {string[]} chosen
 * @param {string} [valid] instant of valid time; default that of the state, else what is known is shown as of then
 * @returns {import("../components/mapview.js").Overlay[]}
 */
export function underlays(city, state, chosen, valid) {
  return shownUnder(city, chosen).filter(({ role }) => role !== "scenes").map((layer) => ({
    id: `under-${layer.name}`, kind: "layer", layer: layer.name, look: "outline", title: layer.title,
    ...(layer.label ? { label: layer.label } : {}),
    question: { layer: layer.name, as_of: instantOf(layer, valid || state.asof, city.zone) || state.known, known_at: state.known },
  }));
}

/**
 * Return as of when a layer is shown; empty: as it is now. A layer of one snapshot is the same at all times since it began,
 * so it need not be drawn anew whenever the time is another.
 * @param {Record<string, any>} layer
 * @param {string} valid
 * @param {string} zone
 */
function instantOf({ loads, last_load, first }, valid, zone) {
  const still = loads === 1 && last_load?.mode === "snapshot" && first && microsecondsOf(valid, zone) >= microsecondsOf(first, zone);
  return still ? "" : valid;
}
