// The cases of a list on the map, by how pressing they are; the opened one has a ring.
import { useConsole } from "../../core/hooks.js";
import { html, useMemo } from "../../core/html.js";
import { MapView } from "../mapview.js";
import { clockOf, lightOf } from "./clocktext.js";

/** @typedef {import("./logs.js").CaseEntry} CaseEntry */

const COLOURS = /** @type {Record<string, string>} */ ({ red: "#d55e00", yellow: "#e69f00", green: "#009e73", none: "#8a9199" });
const RING = "#0072b2";

/**
 * @param {{cases: CaseEntry[], state: import("../../core/state.js").State, signs?: boolean, place?: [number, number] | null, onPlace?: (at: {lng: number, lat: number}) => void}} given
 *   `signs`: whether colours are explained; `place`: of what is opened; `onPlace`: the map was clicked where no case is
 */
export function CaseMap({ cases, state, signs = true, place = null, onPlace }) {
  const { store, t } = useConsole();
  const placed = cases.filter((entry) => entry.lon !== null && entry.lat !== null);
  // What presses most is drawn last, above the others.
  const points = useMemo(() => ({ type: "FeatureCollection", features: placed.map(pointOf).reverse() }), [cases]);
  const opened = useMemo(() => openedOf(place), [place?.join()]);
  const colour = ["match", ["get", "light"], ...Object.entries(COLOURS).flat(), COLOURS.none];
  /** @type {import("../mapview.js").Overlay[]} */
  const overlays = [
    { id: "opened", kind: "geojson", look: "points", data: opened, colour: RING, radius: 11 },
    {
      id: "cases", kind: "geojson", look: "points", data: points, colour, radius: 6, title: t("board.cases"),
      hover: ({ number, text }) => `${number} · ${text}`, onPick: ({ number }) => store.set({ case: number }),
    },
  ];
  return html`
    <${MapView} overlays=${overlays} state=${state} onPlace=${onPlace} summary=${t("map.cases", { count: placed.length })}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })} />
    ${signs && placed.length > 0 && html`<ul class="signs" aria-label=${t("map.signs")}>${Object.entries(COLOURS).map(([light, background]) => html`<li><span class="sign" style=${{ background }}></span>${t(`light.${light}`)}</li>`)}</ul>`}
    ${cases.length > placed.length && html`<p class="note">${t("map.unplaced", { count: cases.length - placed.length })}</p>`}`;
}

/** @param {CaseEntry} entry */
function pointOf(entry) {
  return {
    type: "Feature", geometry: { type: "Point", coordinates: [entry.lon, entry.lat] },
    properties: { number: entry.number, light: lightOf(clockOf(entry)) || "none", text: entry.class_name ?? entry.class ?? "" },
  };
}

/** @param {[number, number] | null} place */
function openedOf(place) {
  const features = place ? [{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } }] : [];
  return { type: "FeatureCollection", features };
}
