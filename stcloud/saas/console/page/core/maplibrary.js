// MapLibre, loaded when the first map is drawn; its tiles come through the same transport as all other answers.
import { POINT, SEQUENTIAL } from "./palette.js";

/** @type {Promise<any> | undefined} */
let loading;

/**
 * Return the library, with a protocol by which its tiles are asked for.
 * @param {import("./api.js").Api} api
 * @returns {Promise<{mapIn: (place: HTMLElement, view: string, extent: number[] | null) => any}>}
 */
export function mapLibrary(api) {
  loading ??= import("../vendor/maplibre-gl.mjs");
  return loading.then((library) => {
    library.setWorkerUrl(new URL("../vendor/maplibre-gl-worker.mjs", import.meta.url).href);
    library.addProtocol("stcloud", async (/** @type {{url: string}} */ { url }, /** @type {AbortController} */ ending) => ({
      data: await api.bytes(url.slice("stcloud:/".length), { signal: ending.signal }),
    }));
    return {
      mapIn(place, view, extent) {
        const [lon, lat, zoom] = view.split(",").map(Number);
        const at = view ? { center: [lon, lat], zoom } : extent ? { bounds: extent, fitBoundsOptions: { padding: 20 } } : { zoom: 1 };
        const style = { version: 8, sources: {}, layers: [] };
        return new library.Map({ container: place, style, attributionControl: false, fadeDuration: 0, ...at });
      },
    };
  });
}

/**
 * Return the style of a map: what lies underneath first.
 * @param {import("../components/mapview.js").Overlay[]} overlays
 * @param {import("./state.js").State} state
 * @param {boolean} dark
 */
export function mapStyle(overlays, state, dark) {
  /** @type {Record<string, any>} */
  const sources = {};
  const layers = [{ id: "ground", type: "background", paint: { "background-color": dark ? "#20262d" : "#f3f4f5" } }];
  for (const overlay of overlays) {
    sources[overlay.id] = sourceOf(overlay, state);
    layers.push(...looksOf(overlay, dark));
  }
  return { version: 8, sources, layers };
}

/**
 * @param {import("../components/mapview.js").Overlay} overlay
 * @param {import("./state.js").State} state
 */
function sourceOf(overlay, state) {
  if (overlay.kind === "geojson") return { type: "geojson", data: overlay.data };
  const at = "{z}/{y}/{x}";
  if (overlay.kind === "layer") {
    const query = new URLSearchParams({ ...(state.known && { known: state.known }), ...(state.asof && { datetime: state.asof }) });
    return { type: "vector", tiles: [`stcloud://collections/${encodeURIComponent(overlay.layer ?? "")}/tiles/WebMercatorQuad/${at}?${query}`], maxzoom: 16 };
  }
  const question = encodeURIComponent(JSON.stringify(overlay.question));
  return { type: "vector", tiles: [`stcloud://questions/tiles/WebMercatorQuad/${at}?question=${question}`], maxzoom: 16 };
}

/**
 * @param {import("../components/mapview.js").Overlay} overlay
 * @param {boolean} dark
 * @returns {any[]}
 */
function looksOf(overlay, dark) {
  const from = { source: overlay.id, ...(overlay.kind === "geojson" ? {} : { "source-layer": overlay.layer ?? overlay.question?.layer }) };
  const line = dark ? "#87909a" : "#87909a";
  if (overlay.look === "areas") {
    const colour = overlay.colour ?? SEQUENTIAL[2];
    return [{ id: overlay.id, type: "fill", ...from, paint: { "fill-color": colour, "fill-opacity": 0.8 } }];
  }
  if (overlay.look === "points") return [{ id: overlay.id, type: "circle", ...from, paint: { "circle-color": overlay.colour ?? POINT, "circle-radius": 4 } }];
  return [{ id: overlay.id, type: "line", ...from, paint: { "line-color": line, "line-width": 1 } }];
}
