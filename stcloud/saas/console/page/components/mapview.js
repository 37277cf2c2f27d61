// A map of the city's own layers, with what a board lays over them. No request leaves the service's own address.
import { useConsole } from "../core/hooks.js";
import { html, useEffect, useRef } from "../core/html.js";
import { mapLibrary, mapStyle } from "../core/maplibrary.js";
import { ABSENT, POINT, SEQUENTIAL } from "../core/palette.js";

/**
 * @typedef {object} Overlay
 * @property {string} id
 * @property {"question" | "layer" | "geojson" | "image"} kind `question`: tiles of its answer; `layer`: of the city, as it was
 * @property {"areas" | "points" | "lines" | "outline"} [look]
 * @property {import("../core/question.js").Question} [question]
 * @property {string} [layer]
 * @property {any} [data] GeoJSON
 * @property {any[]} [colour] expression of MapLibre: the colour of a feature
 * @property {(properties: Record<string, any>, id: any) => void} [onPick] a feature was clicked
 */

/**
 * @param {{overlays: Overlay[], under: string[], state: import("../core/state.js").State, onView: (view: string) => void}} given
 */
export function MapView({ overlays, under, state, onView }) {
  const { api, city, t, dark } = useConsole();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const map = useRef(/** @type {any} */ (null));
  const layers = [...under.map(underlay), ...overlays];
  const key = JSON.stringify([layers, state.known, dark]);
  useEffect(() => {
    let gone = false;
    mapLibrary(api).then((library) => {
      if (gone || !place.current) return;
      map.current = library.mapIn(place.current, state.map, city.bbox);
      map.current.on("moveend", () => {
        const { lng, lat } = map.current.getCenter();
        onView(`${lng.toFixed(5)},${lat.toFixed(5)},${map.current.getZoom().toFixed(2)}`);
      });
      map.current.setStyle(mapStyle(layers, state, dark), { diff: true });
    });
    return () => {
      gone = true;
      map.current?.remove();
      map.current = null;
    };
  }, []);
  useEffect(() => map.current?.setStyle(mapStyle(layers, state, dark), { diff: true }), [key]);
  return html`<div class="mapview" role="region" aria-label=${t("map")}><div class="canvas" ref=${place}></div></div>`;
}

/**
 * @param {string} layer
 * @returns {Overlay}
 */
function underlay(layer) {
  return { id: `under-${layer}`, kind: "layer", layer, look: "outline" };
}

export { ABSENT, POINT, SEQUENTIAL };
