// MapLibre, loaded when the first map is drawn; tiles and pictures come through the same transport as all other answers.

/** @type {Promise<any> | undefined} */
let loading;
/** @type {WeakMap<import("./api.js").Api, string>} */
const schemes = new WeakMap();
let made = 0;

/**
 * @typedef {object} MapLibrary
 * @property {string} scheme of addresses that are asked for through the api, such as `stcloud1`
 * @property {(place: HTMLElement, view: string, title: string) => any} mapIn
 */

/** Begin to load the library: a map is about to be drawn. */
export function awaitMap() {
  loading ??= import("../vendor/maplibre-gl.mjs").then((library) => {
    // Said by its address, since in a notebook modules are no files that lie beside each other.
    library.setWorkerUrl(new URL("../vendor/maplibre-gl-worker.mjs", import.meta.url).href);
    return library;
  });
  return loading;
}

/**
 * Return the library, with a protocol by which its tiles are asked for.
 * @param {import("./api.js").Api} api
 * @returns {Promise<MapLibrary>}
 */
export async function mapLibrary(api) {
  const library = await awaitMap();
  return {
    scheme: schemeOf(library, api),
    mapIn(place, view, title) {
      const [lon, lat, zoom] = view.split(",").map(Number);
      const at = view ? { center: [lon, lat], zoom } : { zoom: 1 };
      const map = new library.Map({
        container: place, style: { version: 8, sources: {}, layers: [] }, attributionControl: false, fadeDuration: 0,
        dragRotate: false, pitchWithRotate: false, touchPitch: false, renderWorldCopies: false, maxZoom: 20,
        locale: { "Map.Title": title }, cancelPendingTileRequestsWhileZooming: true, ...at,
      });
      map.touchZoomRotate.disableRotation();
      map.keyboard.disableRotation();
      return map;
    },
  };
}

/**
 * Register the protocol of an api once; a page may have several consoles.
 * @param {any} library
 * @param {import("./api.js").Api} api
 */
function schemeOf(library, api) {
  const known = schemes.get(api);
  if (known) return known;
  const scheme = `stcloud${++made}`;
  library.addProtocol(scheme, async (/** @type {{url: string}} */ { url }, /** @type {AbortController} */ ending) => ({
    data: await api.bytes(url.slice(scheme.length + 2), { signal: ending.signal }),
  }));
  schemes.set(api, scheme);
  return scheme;
}
