// Where the names of areas stand: once for each area, in the middle of the largest part that tiles hold of it.

const MOST = 1500;

/**
 * Return the names of areas as points, of the tiles that a map holds.
 * @param {any} map
 * @param {{source: string, layer: string, label: string}[]} named
 */
export function namePoints(map, named) {
  /** @type {Map<string, {size: number, at: number[], name: string}>} */
  const largest = new Map();
  for (const { source, layer, label } of named) {
    for (const feature of map.querySourceFeatures(source, { sourceLayer: layer, filter: ["==", ["geometry-type"], "Polygon"] })) {
      const name = feature.properties[label];
      if (name === undefined || name === "") continue;
      const part = biggest(feature.geometry);
      const key = `${layer}/${feature.id ?? name}`;
      const known = largest.get(key);
      if (part && (!known || part.size > known.size)) largest.set(key, { ...part, name: String(name) });
      if (largest.size >= MOST) break;
    }
  }
  const features = [...largest.values()].map(({ at, name }) => ({ type: "Feature", geometry: { type: "Point", coordinates: at }, properties: { name } }));
  return { type: "FeatureCollection", features };
}

/**
 * Return the middle of the largest ring of a geometry, and how large it is.
 * @param {{type: string, coordinates: any}} geometry
 */
function biggest(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  /** @type {{size: number, at: number[]} | null} */
  let best = null;
  for (const [ring] of polygons) {
    const middle = centroid(ring);
    if (!best || middle.size > best.size) best = middle;
  }
  return best;
}

/** @param {number[][]} ring */
function centroid(ring) {
  const [x0, y0] = ring[0];
  let [twice, x, y] = [0, 0, 0];
  for (let at = 0; at < ring.length - 1; at++) {
    const [ax, ay] = [ring[at][0] - x0, ring[at][1] - y0];
    const [bx, by] = [ring[at + 1][0] - x0, ring[at + 1][1] - y0];
    const cross = ax * by - bx * ay;
    twice += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  return { size: Math.abs(twice), at: twice ? [x0 + x / (3 * twice), y0 + y / (3 * twice)] : [x0, y0] };
}
