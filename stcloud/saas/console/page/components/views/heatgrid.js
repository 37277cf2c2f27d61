// A table whose cells are shaded by their numbers. One cell is in the order of tabs; arrows go to its neighbours.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useRef, useState } from "../../core/html.js";
import { SEQUENTIAL } from "../../core/palette.js";

/**
 * @typedef {object} Cell
 * @property {number | null} value what it is shaded by
 * @property {number} count rows
 * @property {string} name
 * @property {Record<string, string | number>} group
 * @property {import("../../core/question.js").Question} question of its rows
 *
 * @param {{label: string, rows: {key: string | number, name: string}[], columns: {key: string | number, name: string, full: string}[],
 *   cell: (row: number, column: number) => Cell | undefined, highest: number,
 *   onChoose: (cell: Cell, event: {shiftKey: boolean, altKey: boolean}) => void}} given `name` of a column: what is written above it, may be empty
 */
export function HeatGrid({ label, rows, columns, cell, highest, onChoose }) {
  const { lang, t } = useConsole();
  const place = useRef(/** @type {HTMLTableElement | null} */ (null));
  const [at, setAt] = useState([0, 0]);
  const choose = (/** @type {any} */ event) => {
    const [row, column] = positionOf(event.target);
    const chosen = cell(row, column);
    if (!chosen) return;
    setAt([row, column]);
    onChoose(chosen, event);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" || event.key === " ") {
      choose(event);
      event.preventDefault();
      return;
    }
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -columns.length], End: [0, columns.length] }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = [clamp(at[0] + step[0], rows.length), clamp(at[1] + step[1], columns.length)];
    setAt(next);
    /** @type {HTMLElement | null | undefined} */ (place.current?.querySelector(`[data-at="${next.join()}"]`))?.focus();
  };
  return html`<div class="scrolled heat">
    <table ref=${place} role="grid" aria-label=${`${label}. ${t("heat.keys")}`} onClick=${choose} onKeyDown=${press}>
      <thead><tr role="row"><td role="gridcell"></td>${columns.map(({ key, name, full }) => html`<th key=${key} scope="col" role="columnheader"><span aria-hidden="true">${name}</span><span class="unseen">${full}</span></th>`)}</tr></thead>
      <tbody>
        ${rows.map((row, y) => html`<tr key=${row.key} role="row">
          <th scope="row" role="rowheader">${row.name}</th>
          ${columns.map((column, x) => html`<${HeatCell} key=${column.key} cell=${cell(y, x)} at=${`${y},${x}`} highest=${highest} current=${at[0] === y && at[1] === x} lang=${lang} />`)}
        </tr>`)}
      </tbody>
    </table>
    <p class="scale" aria-hidden="true"><span>0</span>${SEQUENTIAL.map((colour) => html`<i key=${colour} style=${{ background: colour }}></i>`)}<span>${numberText(highest, lang)}</span></p>
  </div>`;
}

/** @param {{cell: Cell | undefined, at: string, highest: number, current: boolean, lang: string}} given */
function HeatCell({ cell, at, highest, current, lang }) {
  if (!cell) return html`<td role="gridcell" data-at=${at} class="no-cell" tabindex=${current ? 0 : -1} aria-label="–"></td>`;
  const words = `${cell.name}: ${numberText(cell.value, lang)}`;
  return html`<td role="gridcell" data-at=${at} tabindex=${current ? 0 : -1} title=${words} aria-label=${words} data-count=${cell.count} data-question=${JSON.stringify(cell.question)}
    style=${{ background: shadeOf(cell.value, highest) }}></td>`;
}

/**
 * Return the shade of a number; none for nothing.
 * @param {number | null} value
 * @param {number} highest
 */
export function shadeOf(value, highest) {
  if (!value || value <= 0 || highest <= 0) return "transparent";
  return SEQUENTIAL[Math.min(SEQUENTIAL.length - 1, Math.floor((value / highest) * SEQUENTIAL.length))];
}

/** @param {Element} element */
const positionOf = (element) => (element.closest("[data-at]")?.getAttribute("data-at") ?? "-1,-1").split(",").map(Number);
/** @param {number} at @param {number} count */
const clamp = (at, count) => Math.max(0, Math.min(count - 1, at));

/**
 * Return a picture of such a table.
 * @param {{rows: {name: string}[], columns: {name: string}[], cell: (row: number, column: number) => Cell | undefined, highest: number, size: [number, number]}} given
 * @returns {import("./view.js").Picture}
 */
export function heatPicture({ rows, columns, cell, highest, size: [width, height] }) {
  const [left, top] = [70, 18];
  return {
    width: left + columns.length * width, height: top + rows.length * height + 26,
    draw(on, looks) {
      on.font = `11px ${looks.font}`;
      on.fillStyle = looks.ink;
      columns.forEach(({ name }, x) => on.fillText(name, left + x * width, 12));
      rows.forEach((row, y) => {
        on.fillStyle = looks.ink;
        on.fillText(row.name, 0, top + y * height + height * 0.7, left - 6);
        columns.forEach((_, x) => {
          const shown = cell(y, x);
          on.strokeStyle = looks.hair;
          on.fillStyle = shown ? shadeOf(shown.value, highest) : looks.hair;
          on.fillRect(left + x * width, top + y * height, width - 1, height - 1);
          if (shown) on.strokeRect(left + x * width + 0.5, top + y * height + 0.5, width - 2, height - 2);
        });
      });
      drawScale(on, looks, left, top + rows.length * height + 10, highest);
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} on
 * @param {import("../../core/exporting.js").Looks} looks
 * @param {number} x
 * @param {number} y
 * @param {number} highest
 */
function drawScale(on, looks, x, y, highest) {
  SEQUENTIAL.forEach((colour, at) => {
    on.fillStyle = colour;
    on.fillRect(x + 14 + at * 20, y, 19, 10);
  });
  on.fillStyle = looks.ink;
  on.fillText("0", x, y + 9);
  on.fillText(numberText(highest, "en"), x + 20 + SEQUENTIAL.length * 20, y + 9);
}
