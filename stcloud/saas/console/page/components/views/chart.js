// A chart over time. A click takes a bin, a drag takes a span; the keyboard does the same: arrows, Shift and arrows, Enter.
import { chartLibrary } from "../../core/chartlibrary.js";
import { looksAt } from "../../core/exporting.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { LINES } from "../../core/palette.js";
import { usePlot } from "../../core/plot.js";

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {(number | null)[]} values
 * @property {boolean} bars
 *
 * @typedef {object} Chosen
 * @property {number} first index of a bin
 * @property {number} last
 */

const HEIGHT = 200;

/**
 * @param {{times: number[], until: number, whole: boolean, names: string[], lines: Line[], label: string, onChoose: (chosen: Chosen, event: {shiftKey: boolean, altKey: boolean}) => void,
 *   onAt: (at: number | undefined) => void}} given
 *   `times`: where bins begin, ms; `until`: where the last ends; `names`: what they are called; `whole`: numbers have no fractions; `onAt`: the bin that is pointed at
 */
export function Chart({ times, until, whole, names, lines, label, onChoose, onAt }) {
  const { dark, lang, t } = useConsole();
  const [at, setAt] = useState(-1);
  const [anchor, setAnchor] = useState(-1);
  const handlers = useRef({ onChoose, onAt });
  handlers.current = { onChoose, onAt };
  const data = dataOf(times, until, lines);
  const edges = useRef(/** @type {number[]} */ ([]));
  edges.current = [...times, until].map((time) => time / 1000);
  const { place, plot } = usePlot({
    options: (library, element) => optionsOf(library, { element, lines, lang, whole, edges: () => edges.current, handlers: () => handlers.current }),
    data, least: 120, shape: JSON.stringify([lines.map(({ name, bars }) => [name, bars]), dark, lang, whole]),
  });
  useEffect(() => setAt(-1), [times[0], times.length]);
  const go = (/** @type {number} */ next, /** @type {boolean} */ extending) => {
    const bounded = Math.max(0, Math.min(times.length - 1, next));
    const from = extending ? (anchor < 0 ? Math.max(at, 0) : anchor) : -1;
    setAt(bounded);
    setAnchor(from);
    onAt(bounded);
    pointAt(plot.current, bounded, from);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 7, PageDown: -7, Home: -times.length, End: times.length };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step !== undefined) go(at + step, event.shiftKey);
    else if (event.key === "Enter" && at >= 0) onChoose({ first: Math.min(at, anchor < 0 ? at : anchor), last: Math.max(at, anchor) }, { shiftKey: anchor < 0 && event.shiftKey, altKey: event.altKey });
    else return;
    event.preventDefault();
  };
  const shown = at < 0 ? 0 : at;
  const text = lines.map(({ name, values }) => `${name} ${numberText(values[shown], lang)}`).join(", ");
  return html`<div class="chart" ref=${place} tabindex="0" role="slider" aria-label=${`${label}. ${t("chart.keys")}`} aria-valuemin="0" aria-valuemax=${Math.max(times.length - 1, 0)}
    aria-valuenow=${shown} aria-valuetext=${`${names[shown] ?? ""}: ${text}`} onKeyDown=${press} onMouseLeave=${() => onAt(at < 0 ? undefined : at)}></div>`;
}

/**
 * A bin is drawn around its middle, so that bars and lines stand above each other.
 * @param {number[]} times
 * @param {number} until
 * @param {Line[]} lines
 */
function dataOf(times, until, lines) {
  const ends = [...times.slice(1), until];
  return [times.map((time, bin) => (time + ends[bin]) / 2000), ...lines.map(({ values }) => values)];
}

/**
 * Return a picture of a chart.
 * @param {{times: number[], until: number, whole: boolean, lines: Line[], lang: string}} given
 * @param {Element} element whose colours it has
 * @returns {Promise<import("./view.js").Picture>}
 */
export async function chartPicture({ times, until, whole, lines, lang }, element) {
  const library = await chartLibrary();
  const [width, height, scale] = [860, 300, 2];
  const edges = [...times, until].map((time) => time / 1000);
  const given = { element, lines, lang, whole, edges: () => edges, handlers: () => ({ onChoose() {}, onAt() {} }), scale };
  const options = { ...optionsOf(library, given), width: width * scale, height: height * scale, hooks: {} };
  const plot = new library(options, dataOf(times, until, lines), document.createElement("div"));
  await new Promise((resolve) => setTimeout(resolve, 0)); // it draws when all else is done
  const legend = lines.length > 1 ? 20 : 0;
  const ratio = plot.ctx.canvas.width / (width * scale);
  return {
    width, height: height + legend,
    draw(on, looks) {
      on.font = `12px ${looks.font}`;
      if (legend) lines.forEach(({ name }, at) => {
        on.fillStyle = LINES[at];
        on.fillRect(at * 220, 2, 14, 10);
        on.fillStyle = looks.ink;
        on.fillText(name, at * 220 + 20, 12, 190);
      });
      on.drawImage(plot.ctx.canvas, 0, 0, width * scale * ratio, height * scale * ratio, 0, legend, width, height);
      plot.destroy();
    },
  };
}

/**
 * Show a bin, or a span of them, as pointed at.
 * @param {any} plot
 * @param {number} at
 * @param {number} from -1: no span
 */
function pointAt(plot, at, from) {
  if (!plot) return;
  const left = (/** @type {number} */ index) => plot.valToPos(plot.data[0][index], "x");
  plot.setCursor({ left: left(at), top: 10 });
  const height = plot.over.clientHeight;
  plot.setSelect(from < 0 ? { left: 0, width: 0, top: 0, height: 0 } : { left: Math.min(left(from), left(at)), width: Math.abs(left(at) - left(from)), top: 0, height }, false);
}

/**
 * @param {any} library
 * @param {{element: Element, lines: Line[], lang: string, whole: boolean, edges: () => number[],
 *   handlers: () => {onChoose: Function, onAt: Function}, scale?: number}} given `edges`: where bins begin, and the last ends, seconds;
 *   `scale`: of a picture that is drawn larger
 */
function optionsOf(library, { element, lines, lang, whole, edges, handlers, scale = 1 }) {
  const looks = looksAt(element);
  const axis = { stroke: looks.ink, grid: { stroke: looks.hair, width: scale }, ticks: { stroke: looks.hair, width: scale, size: 10 * scale }, font: `${12 * scale}px ${looks.font}` };
  return {
    height: HEIGHT, legend: { show: false },
    tzDate: (/** @type {number} */ seconds) => library.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    padding: [8 * scale, 26 * scale, 0, 0],
    scales: { x: { range: () => [edges()[0], edges().at(-1)] }, y: { range: (/** @type {any} */ _plot, /** @type {number} */ low, /** @type {number} */ high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.05 : 1] } },
    axes: [
      { ...axis, space: 60 * scale, size: 50 * scale, values: (/** @type {any} */ _plot, /** @type {number[]} */ splits, /** @type {number} */ _at, /** @type {number} */ _space, /** @type {number} */ step) => splits.map((at) => timeText(at, step)) },
      { ...axis, size: 56 * scale, space: 30 * scale, ...(whole && { incrs: WHOLE }), values: (/** @type {any} */ _plot, /** @type {number[]} */ splits) => splits.map((value) => numberText(value, lang)) },
    ],
    series: [{}, ...lines.map(({ name, bars }, at) => ({
      label: name, stroke: LINES[at], width: bars ? 0 : 2 * scale, points: { show: !bars && lines.length === 1 ? undefined : false },
      ...(bars ? { fill: LINES[at], paths: library.paths.bars({ size: [0.8, 60 * scale, 1], align: 0 }) } : { dash: at ? [6 * scale, 3 * scale] : undefined }),
    }))],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: lines.some(({ bars }) => !bars) }, dataIdx: (/** @type {any} */ plot, /** @type {number} */ _series, /** @type {number} */ index) => index ?? plot.cursor.idx },
    hooks: {
      setCursor: [(/** @type {any} */ plot) => handlers().onAt(indexAt(plot, plot.cursor.left, edges()))],
      ready: [(/** @type {any} */ plot) => choosing(plot, edges, handlers)],
    },
  };
}

/**
 * Return the bin at a place of the chart; undefined: beside it.
 * @param {any} plot
 * @param {number} left pixels
 * @param {number[]} edges
 * @returns {number | undefined}
 */
function indexAt(plot, left, edges) {
  if (left === undefined || left < 0) return undefined;
  const time = plot.posToVal(left, "x");
  let at = edges.length - 2;
  while (at > 0 && edges[at] > time) at -= 1;
  return at < 0 ? undefined : at;
}

/**
 * A drag takes a span, a click a bin.
 * @param {any} plot
 * @param {() => number[]} edges
 * @param {() => {onChoose: Function}} handlers
 */
function choosing(plot, edges, handlers) {
  let begun = -1;
  plot.over.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => { begun = event.offsetX; });
  plot.over.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
    if (begun < 0 || !plot.data[0].length) return;
    const [left, right] = [Math.min(begun, event.offsetX), Math.max(begun, event.offsetX)];
    const dragged = right - left > 6;
    begun = -1;
    const first = indexAt(plot, left, edges());
    const last = dragged ? indexAt(plot, right, edges()) : first;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    if (first !== undefined && last !== undefined) handlers().onChoose({ first, last }, event);
  });
}

const DAY_S = 86_400;
/** Steps of an axis of whole numbers. */
const WHOLE = [...Array(13).keys()].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

/** @param {number} seconds @param {number} step */
function timeText(seconds, step) {
  const text = new Date(seconds * 1000).toISOString();
  if (step >= 360 * DAY_S) return text.slice(0, 4);
  if (step >= 28 * DAY_S) return text.slice(0, 7);
  return step >= DAY_S || text.slice(11, 16) === "00:00" ? text.slice(5, 10) : text.slice(11, 16);
}
