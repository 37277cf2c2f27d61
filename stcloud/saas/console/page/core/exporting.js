// Files that a person keeps: tables as the service writes them, pictures as they are drawn.

/**
 * Have the browser keep a file.
 * @param {string} name
 * @param {Blob} content
 */
export function download(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Keep the answer to a question as a table (CSV), as the service writes it; of rows all pages.
 * @param {import("./api.js").Api} api
 * @param {import("./question.js").Question} question
 * @param {string} name
 */
export async function downloadTable(api, question, name) {
  const summed = question.by || question.measure || question.count;
  /** @type {BlobPart[]} */
  const parts = [];
  let after = "";
  do {
    const document = summed ? question : { ...question, limit: PAGE_ROWS, ...(after && { after }) };
    const { body, next } = await api.page("/questions", { accept: "text/csv", document });
    parts.push(parts.length ? withoutHeading(body) : body);
    after = next ?? "";
  } while (after && !summed);
  download(name, new Blob(parts, { type: "text/csv;charset=utf-8" }));
}

const PAGE_ROWS = 10_000;

/** @param {ArrayBuffer} table */
function withoutHeading(table) {
  const bytes = new Uint8Array(table);
  return bytes.subarray(bytes.indexOf(10) + 1);
}

/**
 * Return a name of a file: what is shown, of what, at which moment of knowledge.
 * @param {string} layer
 * @param {string} view
 * @param {string} ending
 */
export const fileName = (layer, view, ending) => `${layer}-${view}.${ending}`.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-");

/**
 * @typedef {object} Looks colours of a picture, those of the page
 * @property {string} ground
 * @property {string} ink
 * @property {string} grey
 * @property {string} hair
 * @property {string} font
 */

/**
 * Return the colours that a place of the page has now.
 * @param {Element} place
 * @returns {Looks}
 */
export function looksAt(place) {
  const style = getComputedStyle(place);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return { ground: colour("ground"), ink: colour("ink"), grey: colour("grey"), hair: colour("hair"), font: style.fontFamily };
}

const SCALE = 2;
const EDGE = 16;
const LEAST_WIDTH = 520;

/**
 * Keep a picture (PNG) with a heading, and below it how the question was understood.
 * @param {{name: string, title: string, facts: string[], width: number, height: number, looks: Looks,
 *   draw: (on: CanvasRenderingContext2D) => void}} given `width`, `height`: of what `draw` draws, from its own corner
 */
export function downloadPicture({ name, title, facts, width: drawn, height, looks, draw }) {
  const width = Math.max(drawn, LEAST_WIDTH);
  const canvas = document.createElement("canvas");
  const below = facts.length * 16;
  canvas.width = (width + 2 * EDGE) * SCALE;
  canvas.height = (height + below + 3 * EDGE + 20) * SCALE;
  const on = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  on.scale(SCALE, SCALE);
  on.fillStyle = looks.ground;
  on.fillRect(0, 0, canvas.width, canvas.height);
  on.fillStyle = looks.ink;
  on.font = `600 15px ${looks.font}`;
  on.fillText(title, EDGE, EDGE + 12, width);
  on.save();
  on.translate(EDGE, EDGE + 26);
  draw(on);
  on.restore();
  on.fillStyle = looks.grey;
  on.font = `11px ${looks.font}`;
  facts.forEach((fact, at) => on.fillText(fact, EDGE, EDGE + 26 + height + 20 + at * 16, width));
  canvas.toBlob((blob) => blob && download(name, blob), "image/png");
}
