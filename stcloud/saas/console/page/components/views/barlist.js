// Groups by name, each with its bar and its number.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { LINES } from "../../core/palette.js";
import { Count } from "../count.js";

/**
 * @typedef {object} Bar
 * @property {string} key
 * @property {string} name
 * @property {number} count
 * @property {import("../../core/question.js").Question} question of its rows
 * @property {any[]} [more] further numbers, as texts or elements
 * @property {(event: {shiftKey: boolean, altKey: boolean}) => void} onChoose
 *
 * @param {{label: string, bars: Bar[], more?: string[]}} given `more`: what the further numbers are
 */
export function BarList({ label, bars, more = [] }) {
  const { t } = useConsole();
  const highest = Math.max(1, ...bars.map(({ count }) => count));
  const bar = (/** @type {number} */ count) => count > 0 && html`<i style=${{ width: `${(count / highest) * 100}%`, background: LINES[0] }}></i>`;
  const beneath = more.length > 0; // with further numbers there is no room beside a name
  return html`<div class="scrolled"><table class=${beneath ? "bars beneath" : "bars"} aria-label=${label}>
    <thead class=${beneath ? "" : "unseen"}><tr><th scope="col">${t("name")}</th>${!beneath && html`<th scope="col">${t("share")}</th>`}<th scope="col" class="number">${t("count")}</th>
      ${more.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
    <tbody>
      ${bars.map(({ key, name, count, question, more: others = [], onChoose }) => html`<tr key=${key}>
        <th scope="row"><button type="button" class="narrow" title=${`${name}: ${t("narrow")}`} onClick=${onChoose}>${name}</button>${beneath && bar(count)}</th>
        ${!beneath && html`<td class="bar-cell" onClick=${onChoose}>${bar(count)}</td>`}
        <td class="number"><${Count} value=${count} question=${question} label=${name} /></td>
        ${others.map((text, at) => html`<td key=${at} class="number">${text}</td>`)}
      </tr>`)}
      ${!bars.length && html`<tr><td>${t("views.empty")}</td></tr>`}
    </tbody>
  </table></div>`;
}

/**
 * Return the same as a table of a view.
 * @param {{caption: string, heading: string, count: string, bars: Bar[], more?: string[]}} given
 * @returns {import("./view.js").Table}
 */
export const barTable = ({ caption, heading, count, bars, more = [] }) => ({
  caption, columns: [heading, count, ...more],
  rows: bars.map(({ name, count: rows, question, more: others = [] }) => [name, html`<${Count} value=${rows} question=${question} label=${name} />`, ...others]),
});

/**
 * Return a picture of bars.
 * @param {Bar[]} bars
 * @param {string} lang
 * @returns {import("./view.js").Picture}
 */
export function barPicture(bars, lang) {
  const highest = Math.max(1, ...bars.map(({ count }) => count));
  const [left, width, step] = [190, 300, 22];
  return {
    width: left + width + 70, height: bars.length * step,
    draw(on, looks) {
      on.font = `12px ${looks.font}`;
      bars.forEach(({ name, count }, at) => {
        on.fillStyle = looks.ink;
        on.fillText(name, 0, at * step + 14, left - 10);
        on.fillStyle = LINES[0];
        on.fillRect(left, at * step + 3, (count / highest) * width, step - 7);
        on.fillStyle = looks.ink;
        on.fillText(numberText(count, lang), left + (count / highest) * width + 6, at * step + 14);
      });
    },
  };
}
