// The places of a question that are written as shapes, as a map draws them: boxes and polygons.

/**
 * Return the shapes among places, as GeoJSON; null: there are none.
 * @param {string[]} where
 */
export function shapesOf(where) {
  const features = where.flatMap((text) => {
    const ring = boxOf(text) ?? polygonOf(text);
    return ring ? [{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } }] : [];
  });
  return features.length ? { type: "FeatureCollection", features } : null;
}

/** @param {string} text */
function boxOf(text) {
  const box = /^bbox:([-\d.]+),([-\d.]+),([-\d.]+),([-\d.]+)$/.exec(text);
  if (!box) return null;
  const [w, s, e, n] = box.slice(1).map(Number);
  return [[w, s], [e, s], [e, n], [w, n], [w, s]];
}

/** @param {string} text */
function polygonOf(text) {
  const polygon = /^wkt:\s*POLYGON\s*\(\(([-\d.,\s]+)\)\)$/i.exec(text);
  return polygon ? polygon[1].split(",").map((corner) => corner.trim().split(/\s+/).map(Number)) : null;
}
