// How overlays look: their sources and layers in MapLibre's style language.
import { NO_VALUE, POINT, SEQUENTIAL, ZERO } from "./palette.js";

/**
 * @typedef {import("../components/mapview.js").Overlay} Overlay
 * @typedef {Record<string, any>} Look a layer of a style; `level` says what it lies above
 */

/** What lies above what: faces of the ground, pictures, areas, lines, points, names, what is being drawn. */
export const LEVELS = Object.freeze(["ground", "faces", "pictures", "areas", "lines", "points", "names", "drawn"]);

const FINEST_TILE = 16;
const FONTS = ["system-ui", "Noto Sans CJK SC", "sans-serif"];
const WATER = /water|river|lake|sea|canal|harbou?r|水|河|湖|海/i;
const GREEN = /park|green|forest|garden|绿|公园|林/i;
const BUILDING = /build|house|建筑|房/i;

/**
 * Return the source of an overlay.
 * @param {Overlay} overlay
 * @param {string} scheme of addresses that are asked for through the api
 */
export function sourceOf(overlay, scheme) {
  if (overlay.kind === "geojson") return { type: "geojson", generateId: true, data: overlay.data ?? { type: "FeatureCollection", features: [] } };
  if (overlay.kind === "image") return { type: "image", url: `${scheme}:/${overlay.path}`, coordinates: overlay.corners };
  const question = encodeURIComponent(JSON.stringify(overlay.question));
  return {
    type: "vector", tiles: [`${scheme}://questions/tiles/WebMercatorQuad/{z}/{y}/{x}?question=${question}`],
    minzoom: Math.min(Math.floor(overlay.minzoom ?? 0), FINEST_TILE), maxzoom: FINEST_TILE,
  };
}

/**
 * Return the layers of an overlay.
 * @param {Overlay} overlay
 * @param {boolean} dark
 * @returns {Look[]}
 */
export function looksOf(overlay, dark) {
  const looks = {
    areas: () => areas(overlay, dark),
    points: () => points(overlay, dark),
    shapes: () => [{ ...line("lines", overlay.colour ?? POINT, 2), filter: ["!=", ["geometry-type"], "Point"] }, ...points(overlay, dark).map((look) => ({ ...look, filter: ["==", ["geometry-type"], "Point"] }))],
    lines: () => [line("lines", overlay.colour ?? POINT, 2)],
    outline: () => underneath(overlay, dark),
    image: () => [{ part: "picture", level: "pictures", type: "raster", paint: { "raster-opacity": overlay.opacity ?? 0.9, "raster-fade-duration": 0 } }],
    drawing: () => drawing(dark),
  };
  const made = looks[overlay.kind === "image" ? "image" : (overlay.look ?? "areas")]();
  const zooms = { ...(overlay.minzoom !== undefined && { minzoom: overlay.minzoom }), ...(overlay.maxzoom !== undefined && { maxzoom: overlay.maxzoom }) };
  const from = overlay.kind === "question" || overlay.kind === "layer" ? { "source-layer": overlay.layer ?? overlay.question?.layer } : {};
  return made.map((look) => ({ ...look, ...zooms, ...from }));
}

/**
 * Return the colour of an area by the classes of a legend: the end of a class that is farther from zero belongs to it.
 * @param {import("../components/maplegend.js").Legend} legend
 */
export function colourOf(legend) {
  const value = ["get", legend.field];
  const classes = [...legend.classes].sort((one, other) => one.from - other.from);
  const inClass = classes.reduceRight(
    (/** @type {any} */ rest, { to, colour }) => (rest === NO_VALUE ? colour : ["case", [to > 0 ? "<=" : "<", value, to], colour, rest]),
    NO_VALUE,
  );
  return ["case", ["!=", ["typeof", value], "number"], NO_VALUE, ["==", value, 0], ZERO, inClass];
}

/** @param {Overlay} overlay @param {boolean} dark */
function areas(overlay, dark) {
  const edge = dark ? "#0d1116" : "#59616b";
  const hovered = ["boolean", ["feature-state", "hovered"], false];
  return [
    { part: "face", level: "areas", type: "fill", pick: true,
      paint: { "fill-color": overlay.colour ?? SEQUENTIAL[2], "fill-opacity": overlay.opacity ?? 0.85, "fill-antialias": false } },
    { part: "edge", level: "areas", type: "line",
      paint: { "line-color": ["case", hovered, dark ? "#ffffff" : "#000000", edge], "line-width": ["case", hovered, 3, 0.6], "line-opacity": ["case", hovered, 1, 0.55] } },
  ];
}

/** @param {Overlay} overlay @param {boolean} dark */
function points(overlay, dark) {
  const count = ["coalesce", ["get", "count"], 1];
  const radius = ["interpolate", ["linear"], ["zoom"], 10, ["min", 20, ["+", 1.5, ["*", 1.4, ["sqrt", count]]]], 18, ["min", 24, ["+", 3.5, ["*", 1.6, ["sqrt", count]]]]];
  return [
    { part: "dot", level: "points", type: "circle", pick: true,
      paint: { "circle-color": overlay.colour ?? POINT, "circle-radius": overlay.radius ?? radius, "circle-opacity": overlay.opacity ?? 0.85,
        "circle-stroke-color": dark ? "#14181d" : "#ffffff", "circle-stroke-width": 1.2 } },
  ];
}

/** Layers underneath: faces of water, green and buildings, lines of streets, outlines of areas, small dots, and names.
 * @param {Overlay} overlay
 * @param {boolean} dark
 */
function underneath(overlay, dark) {
  const name = `${overlay.layer ?? ""} ${overlay.title ?? ""}`;
  const face = WATER.test(name) ? (dark ? "#16324a" : "#cfe3f1") : GREEN.test(name) ? (dark ? "#1c3226" : "#dcebd8") : BUILDING.test(name) ? (dark ? "#2c343d" : "#e1e4e8") : null;
  const street = dark ? "#5a646f" : "#9aa2ab";
  const outline = dark ? "#7d8894" : "#7b858f";
  const isArea = ["==", ["geometry-type"], "Polygon"];
  const isLine = ["==", ["geometry-type"], "LineString"];
  return [
    ...(face ? [{ part: "face", level: "faces", type: "fill", filter: isArea, paint: { "fill-color": face } }] : []),
    { part: "outline", level: "lines", type: "line", filter: isArea, paint: { "line-color": outline, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.5, 15, 1.4], "line-opacity": face ? 0.35 : 0.9 } },
    { part: "street", level: "lines", type: "line", filter: isLine, layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": street, "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 9, 0.4, 14, 1.4, 18, 6], "line-opacity": 0.85 } },
    { part: "dot", level: "lines", type: "circle", filter: ["==", ["geometry-type"], "Point"], minzoom: 14.5, paint: { "circle-color": outline, "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1, 17, 3] } },
    ...(overlay.label ? [{ part: "along", level: "names", type: "symbol", filter: isLine, minzoom: 13,
      layout: { "symbol-placement": "line", "text-field": ["coalesce", ["get", overlay.label], ""], "text-font": FONTS, "text-size": 10.5, "text-max-angle": 30, "symbol-spacing": 320 },
      paint: textPaint(dark) }] : []),
  ];
}

/**
 * Return the layer of names of areas, drawn at points of their own.
 * @param {boolean} dark
 * @returns {Look}
 */
export function namesLook(dark) {
  return {
    part: "names", level: "names", type: "symbol",
    layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": ["interpolate", ["linear"], ["zoom"], 10, 10.5, 15, 13], "text-max-width": 7, "text-padding": 4 },
    paint: textPaint(dark),
  };
}

/** @param {boolean} dark */
const textPaint = (dark) => ({ "text-color": dark ? "#eef1f4" : "#1f2328", "text-halo-color": dark ? "#14181dcc" : "#ffffffdd", "text-halo-width": 1.6 });

/** @param {boolean} dark */
function drawing(dark) {
  const colour = dark ? "#6cb2ff" : "#0b5cad";
  return [
    { part: "face", level: "drawn", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.12 } },
    { ...line("drawn", colour, 2), filter: ["!=", ["geometry-type"], "Point"] },
    { part: "dot", level: "drawn", type: "circle", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": colour, "circle-radius": 4 } },
  ];
}

/** @param {string} level @param {any} colour @param {number} width @returns {Look} */
const line = (level, colour, width) => ({ part: "line", level, type: "line", pick: level === "lines", layout: { "line-cap": "round" }, paint: { "line-color": colour, "line-width": width } });
