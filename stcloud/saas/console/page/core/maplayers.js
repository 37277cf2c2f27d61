// Keeps what a map draws alike with overlays. What changes its source is drawn anew beside what is there, and takes its place when
// it is whole: a map never flickers.
import { LEVELS, looksOf, namesLook, sourceOf } from "./mapstyle.js";

/**
 * @typedef {import("../components/mapview.js").Overlay} Overlay
 * @typedef {{source: string, layers: string[], key: string, looks: import("./mapstyle.js").Look[]}} Drawn one overlay as it is drawn
 * @typedef {{overlay: Overlay, shown?: Drawn, coming?: Drawn}} Slot
 */

const OPACITIES = /** @type {Record<string, string[]>} */ ({
  fill: ["fill-opacity"], line: ["line-opacity"], circle: ["circle-opacity", "circle-stroke-opacity"], symbol: ["text-opacity"], raster: ["raster-opacity"],
});
const NAMES = "names";

/**
 * Return what draws overlays into a map whose style is loaded.
 * @param {any} map
 * @param {string} scheme
 */
export function createMapLayers(map, scheme) {
  /** @type {Map<string, Slot>} */
  const slots = new Map();
  let versions = 0;
  let dark = false;
  let revealing = false;
  for (const level of LEVELS) map.addLayer({ id: level, type: "background", layout: { visibility: "none" } });
  map.addLayer({ id: "land", type: "background", paint: { "background-color": "#f3f4f5" } }, LEVELS[0]);

  /** @param {Overlay} overlay @param {string} key @param {boolean} hidden @returns {Drawn} */
  function draw(overlay, key, hidden) {
    const source = `${overlay.id}~${++versions}`;
    map.addSource(source, sourceOf(overlay, scheme));
    const looks = looksOf(overlay, dark);
    const layers = looks.map((look) => addLook(source, look, hidden));
    return { source, layers, key, looks };
  }

  /** @param {string} source @param {import("./mapstyle.js").Look} look @param {boolean} hidden */
  function addLook(source, { part, level, pick: _pick, ...look }, hidden) {
    const id = `${source}/${part}`;
    const paint = hidden ? { ...look.paint, ...Object.fromEntries(OPACITIES[look.type].map((name) => [name, 0])) } : look.paint;
    map.addLayer({ ...look, id, source, paint }, level);
    return id;
  }

  /** @param {Drawn | undefined} drawn */
  function remove(drawn) {
    if (!drawn) return;
    for (const layer of drawn.layers) map.removeLayer(layer);
    map.removeSource(drawn.source);
  }

  /** @param {Drawn} drawn @param {import("./mapstyle.js").Look[]} looks */
  function repaint(drawn, looks) {
    looks.forEach((look, at) => {
      const former = drawn.looks[at];
      for (const [name, value] of Object.entries(look.paint ?? {}))
        if (JSON.stringify(former?.paint?.[name]) !== JSON.stringify(value)) map.setPaintProperty(drawn.layers[at], name, value);
      for (const [name, value] of Object.entries(look.layout ?? {}))
        if (JSON.stringify(former?.layout?.[name]) !== JSON.stringify(value)) map.setLayoutProperty(drawn.layers[at], name, value);
    });
    drawn.looks = looks;
  }

  /** What is whole takes the place of what it was. A map says at once that it changed: that is no reason to begin anew. */
  function reveal() {
    if (revealing) return;
    revealing = true;
    for (const slot of slots.values()) {
      const { coming, overlay } = slot;
      if (coming && !overlay.hold && map.isSourceLoaded(coming.source)) replace(slot, coming);
    }
    revealing = false;
  }

  /** @param {Slot} slot @param {Drawn} coming */
  function replace(slot, coming) {
    const looks = looksOf(slot.overlay, dark);
    coming.looks.forEach((look, at) => {
      for (const name of OPACITIES[look.type]) map.setPaintProperty(coming.layers[at], name, looks[at].paint?.[name] ?? 1);
    });
    repaint(coming, looks);
    remove(slot.shown);
    slot.shown = coming;
    slot.coming = undefined;
  }

  /** @param {Overlay} overlay */
  function settle(overlay) {
    const slot = slots.get(overlay.id) ?? { overlay };
    const held = slot.overlay;
    slots.set(overlay.id, slot);
    slot.overlay = overlay;
    const key = JSON.stringify([{ ...sourceOf(overlay, scheme), data: undefined }, looksOf(overlay, false).map(({ part, filter, minzoom, maxzoom }) => [part, filter, minzoom, maxzoom])]);
    if (slot.shown?.key === key) {
      remove(slot.coming);
      slot.coming = undefined;
      if (overlay.kind === "geojson" && overlay.data !== held.data) map.getSource(slot.shown.source).setData(overlay.data ?? { type: "FeatureCollection", features: [] });
      if (!overlay.hold) repaint(slot.shown, looksOf(overlay, dark));
      return;
    }
    if (slot.coming?.key === key) return;
    remove(slot.coming);
    slot.coming = slot.shown || overlay.hold ? draw(overlay, key, true) : undefined;
    slot.shown ??= slot.coming ? undefined : draw(overlay, key, false);
  }

  map.on("sourcedata", (/** @type {any} */ event) => event.isSourceLoaded && reveal());
  map.on("idle", reveal);
  return {
    /** Draw these, and no others. @param {Overlay[]} overlays @param {boolean} night */
    show(overlays, night) {
      dark = night;
      map.setPaintProperty("land", "background-color", dark ? "#20262d" : "#f3f4f5");
      for (const [id, slot] of slots) {
        if (overlays.some((overlay) => overlay.id === id)) continue;
        remove(slot.coming);
        remove(slot.shown);
        slots.delete(id);
      }
      overlays.forEach(settle);
      if (map.getLayer(`${NAMES}/names`)) repaint({ source: NAMES, layers: [`${NAMES}/names`], key: "", looks: [namesLook(!dark)] }, [namesLook(dark)]);
      reveal();
    },
    /** Return the layers that are picked from, those above first, with their overlays. @returns {[string, Overlay][]} */
    pickable() {
      const order = (/** @type {import("./mapstyle.js").Look} */ look) => -LEVELS.indexOf(look.level);
      /** @type {[number, string, Overlay][]} */
      const found = [];
      for (const { shown, overlay } of slots.values()) shown?.looks.forEach((look, at) => look.pick && found.push([order(look), shown.layers[at], overlay]));
      return found.sort((one, other) => one[0] - other[0]).map(([, id, overlay]) => [id, overlay]);
    },
    /** Write names at points. @param {any} data GeoJSON */
    name(data) {
      const source = map.getSource(NAMES);
      if (source) return source.setData(data);
      map.addSource(NAMES, { type: "geojson", data });
      return addLook(NAMES, namesLook(dark), false);
    },
    /** Return the sources of overlays with names of areas. @returns {{source: string, layer: string, label: string}[]} */
    named() {
      return [...slots.values()].flatMap(({ shown, overlay }) => (shown && overlay.label ? [{ source: shown.source, layer: overlay.layer ?? "", label: overlay.label }] : []));
    },
    /** Whether something is still to take its place. */
    isComing: () => [...slots.values()].some(({ coming }) => coming),
  };
}
