// Places as questions write them, as far as forms write them too; others stay text.

/**
 * @typedef {object} Place
 * @property {"feature" | "near" | "near-point" | "near-layer" | "unit" | "area" | "text"} form
 * @property {string} [layer]
 * @property {string} [key]
 * @property {string} [distance] such as `200m`
 * @property {string} [point] `LON,LAT`
 * @property {string} [prefix]
 */

const KEY = String.raw`("(?:[^"]|"")+"|[^:@()"]+)`;
const DISTANCE = String.raw`(\d+(?:\.\d+)?k?m)`;
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;

/** @param {string} key */
const quotedKey = (key) => (/[:@()"]|\b(?:and|or|not)\b/i.test(key) || key !== key.trim() ? `"${key.replaceAll('"', '""')}"` : key);
/** @param {string} key */
const plainKey = (key) => (key.startsWith('"') ? key.slice(1, -1).replaceAll('""', '"') : key);

/**
 * Return a place as `where` takes it.
 * @param {Place} place
 * @returns {string}
 */
export function placeText({ form, layer = "", key = "", distance = "", point = "", prefix = "" }) {
  if (form === "feature") return `${layer}:${quotedKey(key)}`;
  if (form === "near") return `near:${layer}:${quotedKey(key)}:${distance}`;
  if (form === "near-point") return `near:${point}:${distance}`;
  if (form === "near-layer") return `near:${layer}:${distance}`;
  return `unit:${prefix}`;
}

/**
 * Return what a place is.
 * @param {string} text
 * @param {(name: string) => boolean} isLayer
 * @returns {Place}
 */
export function placeOf(text, isLayer) {
  if (text.startsWith("wkt:")) return { form: "area" };
  const point = new RegExp(`^near:(${NUMBER},${NUMBER}):${DISTANCE}$`).exec(text);
  if (point) return { form: "near-point", point: point[1], distance: point[2] };
  const near = new RegExp(`^near:([^:]+):${KEY}:${DISTANCE}$`).exec(text);
  if (near && isLayer(near[1])) return { form: "near", layer: near[1], key: plainKey(near[2]), distance: near[3] };
  const any = new RegExp(`^near:([^:]+):${DISTANCE}$`).exec(text);
  if (any && isLayer(any[1])) return { form: "near-layer", layer: any[1], distance: any[2] };
  const unit = /^unit:(\d+)$/.exec(text);
  if (unit) return { form: "unit", prefix: unit[1] };
  const feature = new RegExp(`^([^:.]+):${KEY}$`).exec(text);
  if (feature && isLayer(feature[1]) && !/ (?:and|or) /i.test(text)) return { form: "feature", layer: feature[1], key: plainKey(feature[2]) };
  return { form: "text" };
}
