// The cases of a list on the map, by how pressing they are; the opened one has a ring.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { MapView } from "../mapview.js";
import { lightOf } from "./clocktext.js";

/** @typedef {import("./logs.js").CaseEntry} CaseEntry */

const COLOURS = /** @type {Record<string, string>} */ ({ red: "#d55e00", yellow: "#e69f00", green: "#009e73", none: "#8a9199" });

/**
 * @param {{cases: CaseEntry[], state: import("../../core/state.js").State, place?: [number, number] | null, onPlace?: (lon: number, lat: number) => void}} given
 *   `place`: of what is opened; `onPlace`: the map was clicked where no case is
 */
export function CaseMap({ cases, state, place = null, onPlace }) {
  const { city, store, t } = useConsole();
  const placed = cases.filter((entry) => entry.lon !== null && entry.lat !== null);
  const points = { type: "FeatureCollection", features: placed.map(pointOf) };
  const colour = ["match", ["get", "light"], ...Object.entries(COLOURS).flat(), COLOURS.none];
  /** @type {import("../mapview.js").Overlay[]} */
  const overlays = [
    { id: "opened", kind: "geojson", look: "points", data: openedOf(place), colour: ["literal", "#000000"] },
    { id: "cases", kind: "geojson", look: "points", data: points, colour, onPick: (properties) => store.set({ case: properties.number }) },
  ];
  const under = city.layers.filter((layer) => layer.role === "communities" || layer.name === "streets").map((layer) => layer.name);
  return html`
    <${MapView} overlays=${overlays} under=${state.under.length ? state.under : under} state=${state} onPlace=${onPlace}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })} />
    ${placed.length > 0 && html`<ul class="legend" aria-label=${t("map.signs")}>${Object.entries(COLOURS).map(([light, background]) => html`<li><span class="sign" style=${{ background }}></span>${t(`light.${light}`)}</li>`)}</ul>`}
    ${cases.length > placed.length && html`<p class="note">${t("map.unplaced", { count: cases.length - placed.length })}</p>`}`;
}

/** @param {CaseEntry} entry */
function pointOf(entry) {
  return {
    type: "Feature", geometry: { type: "Point", coordinates: [entry.lon, entry.lat] },
    properties: { number: entry.number, light: lightOf(entry.clock) || "none" },
  };
}

/** @param {[number, number] | null} place */
function openedOf(place) {
  const features = place ? [{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } }] : [];
  return { type: "FeatureCollection", features };
}
