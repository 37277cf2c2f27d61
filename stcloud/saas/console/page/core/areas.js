// By what areas a map is shaded: cells as fine as the zoom can show, parts of the unit grid, areas of layers.

/** Sides of cells, and how wide the finest that are shown must be on the map: fine ones are many. */
const CELLS = Object.freeze([{ side: 100, pixels: 16 }, { side: 250, pixels: 14 }, { side: 500, pixels: 11 }, { side: 1000, pixels: 8 }]);
const LARGEST_M = 10_000;
const EQUATOR_M = 40_075_016.7;
const UNITS = Object.freeze(["unit", "community", "street", "district"]);

/**
 * Return the cells that suit a map: the finest that can be told apart on it.
 * @param {string} view `LON,LAT,ZOOM`; empty: it is not known yet
 */
export function cellFor(view) {
  if (!view) return undefined;
  const [, lat, zoom] = view.split(",").map(Number);
  const metres = (EQUATOR_M * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom / 512;
  const side = CELLS.find(({ side: length, pixels }) => length / metres >= pixels)?.side ?? LARGEST_M;
  return side >= 1000 ? `cell:${side / 1000}km` : `cell:${side}m`;
}

/**
 * Return what areas there are to choose from, as `by` writes them; empty: cells by the zoom.
 * @param {import("./hooks.js").City} city
 * @param {Record<string, any>[]} areaLayers
 */
export function choicesOf(city, areaLayers) {
  return ["", "cell:100m", "cell:250m", "cell:500m", "cell:1km", ...(city.grids.length ? UNITS : []), ...areaLayers.map(({ name }) => `in:${name}`)];
}
