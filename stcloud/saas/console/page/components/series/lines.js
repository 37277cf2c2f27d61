// Lines over time, drawn by uPlot: broken where nothing was measured, with bands of episodes and of gaps behind them.
import { looksAt } from "../../core/exporting.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef } from "../../core/html.js";
import { usePlot } from "../../core/plot.js";

/**
 * @typedef {{from: number, to: number, colour: string, lane: number}} Band from and to in ms; of several stations each has a lane
 * @typedef {object} Given
 * @property {number[]} times ms
 * @property {import("./readings.js").StationLine[]} lines
 * @property {Band[]} bands
 * @property {{from: number, to: number}[]} gaps
 * @property {string[]} colours
 * @property {string} zone
 * @property {string} label
 * @property {string} timeLabel what the time below the pointer is called
 * @property {(from: number, to: number) => void} onSpan a span was dragged, ms
 */

const HEIGHT = 300;
const LANE = 8;
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [5, 2], [1, 2]];

/** @param {Given} given */
export function Lines(given) {
  const { times, lines, bands, gaps, label } = given;
  const { dark, lang } = useConsole();
  const newest = useRef(given);
  newest.current = given;
  const data = [times.map((time) => time / 1000), ...lines.flatMap(({ values, odd }) => [values, odd])];
  const { place, plot } = usePlot({
    options: (library, element) => optionsOf(library, element, () => newest.current, lang), data, least: 200,
    shape: JSON.stringify([lines.map(({ station }) => station), dark, lang]),
  });
  useEffect(() => plot.current?.redraw(), [JSON.stringify([bands, gaps])]);
  return html`<div class="lines" ref=${place} role="img" aria-label=${label}></div>`;
}

/**
 * @param {any} library
 * @param {Element} element
 * @param {() => Given} given
 * @param {string} lang
 */
function optionsOf(library, element, given, lang) {
  const looks = looksAt(element);
  const bad = getComputedStyle(element).getPropertyValue("--bad").trim();
  const axis = { stroke: looks.ink, grid: { stroke: looks.hair, width: 1 }, ticks: { stroke: looks.hair, width: 1 }, font: `12px ${looks.font}` };
  const { lines, colours, zone } = given();
  const text = (/** @type {any} */ _plot, /** @type {number | null} */ value) => numberText(value, lang);
  return {
    height: HEIGHT, padding: [8, 8, 0, 0],
    tzDate: (/** @type {number} */ seconds) => library.tzDate(new Date(seconds * 1000), zone),
    axes: [{ ...axis, values: (/** @type {any} */ _plot, /** @type {number[]} */ splits, /** @type {number} */ _at, /** @type {number} */ _space, /** @type {number} */ step) => splits.map((at) => axisText(at, step, zone, library)) },
      { ...axis, size: 56, values: (/** @type {any} */ _plot, /** @type {number[]} */ splits) => splits.map((value) => numberText(value, lang)) }],
    series: [
      { label: given().timeLabel, value: (/** @type {any} */ _plot, /** @type {number | null} */ at) => (at === null ? "–" : localMinute(at, zone, library)) },
      ...lines.flatMap(({ station }, at) => [
        { label: station, stroke: colours[at], width: 1.5, dash: DASHES[at], spanGaps: false, points: { show: lines.length === 1 ? undefined : false }, value: text },
        { label: `${station} ×`, stroke: bad, width: 0, paths: () => null, points: { show: true, size: 9, stroke: bad, fill: "transparent", width: 2 }, value: text },
      ]),
    ],
    cursor: { drag: { x: true, y: false, setScale: false } },
    hooks: {
      drawClear: [(/** @type {any} */ plot) => shade(plot, given(), looks.grey)],
      setSelect: [(/** @type {any} */ plot) => {
        if (plot.select.width < 6) return;
        const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((left) => plot.posToVal(left, "x") * 1000);
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        given().onSpan(from, to);
      }],
    },
  };
}

/**
 * Draw bands behind the lines: episodes, of several stations below each other in lanes, and gaps.
 * @param {any} plot
 * @param {Given} given
 * @param {string} grey
 */
function shade(plot, { bands, gaps, lines }, grey) {
  const { ctx, bbox } = plot;
  const draw = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ top = bbox.top, /** @type {number} */ height = bbox.height) => {
    const left = Math.max(plot.valToPos(from / 1000, "x", true), bbox.left);
    const right = Math.min(plot.valToPos(to / 1000, "x", true), bbox.left + bbox.width);
    if (right > bbox.left && left < bbox.left + bbox.width) ctx.fillRect(left, top, Math.max(right - left, 2), height);
  };
  ctx.save();
  const alone = lines.length === 1;
  const lane = LANE * devicePixelRatio;
  ctx.globalAlpha = alone ? 0.22 : 0.75;
  for (const { from, to, colour, lane: at } of bands) {
    ctx.fillStyle = colour;
    if (alone) draw(from, to);
    else draw(from, to, bbox.top + at * lane, lane - devicePixelRatio);
  }
  ctx.globalAlpha = 0.3;
  ctx.fillStyle = grey;
  for (const { from, to } of gaps) draw(from, to);
  ctx.restore();
}

const DAY_S = 86_400;

/**
 * @param {number} seconds
 * @param {number} step
 * @param {string} zone
 * @param {any} library
 */
function axisText(seconds, step, zone, library) {
  const text = localMinute(seconds, zone, library);
  if (step >= 360 * DAY_S) return text.slice(0, 4);
  if (step >= 28 * DAY_S) return text.slice(0, 7);
  return step >= DAY_S || text.endsWith("00:00") ? text.slice(5, 10) : text.slice(11);
}

/**
 * @param {number} seconds
 * @param {string} zone
 * @param {any} library
 */
function localMinute(seconds, zone, library) {
  const local = library.tzDate(new Date(seconds * 1000), zone);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())} ${two(local.getHours())}:${two(local.getMinutes())}`;
}
