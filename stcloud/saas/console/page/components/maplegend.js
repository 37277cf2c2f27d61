// What the colours of a map mean, and how many areas have which.
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { numberText } from "../core/format.js";

/**
 * @typedef {object} Legend what `POST /legends` gives
 * @property {string} field
 * @property {string} kind
 * @property {{from: number, to: number, colour: string, label: string, count: number}[]} classes
 * @property {{colour: string, count: number}} zero areas with the value zero
 * @property {{colour: string, count?: number}} absent areas without rows
 * @property {{colour: string, count: number}} no_value areas with rows, but without a value
 */

/**
 * @param {{legend: Legend | undefined, title: string, waiting?: boolean}} given
 */
export function MapLegend({ legend, title, waiting = false }) {
  const { t, lang } = useConsole();
  if (!legend) return html`<div class="map-legend" aria-busy=${waiting}><h2>${title}</h2></div>`;
  const others = /** @type {const} */ ([["legend.zero", legend.zero], ["legend.absent", legend.absent], ["legend.no-value", legend.no_value]]);
  const shown = [
    ...legend.classes.map(({ colour, label, count }) => ({ colour, label, count })),
    ...others.flatMap(([word, { colour, count }]) => (count ? [{ colour, label: t(word), count }] : [])),
  ];
  return html`<div class="map-legend" aria-busy=${waiting}>
    <h2>${title}</h2>
    ${shown.length === 0 && html`<p>${t("legend.empty")}</p>`}
    <ul>${shown.map(({ colour, label, count }) => html`<li key=${colour + label}>
      <span class="swatch" style=${{ background: `color-mix(in srgb, ${colour} 85%, var(--land))` }} aria-hidden="true"></span>
      <span>${label}</span>
      <span class="areas" title=${t("legend.areas", { n: numberText(count, lang) })}><span class="seen-not">${t("legend.areas", { n: numberText(count, lang) })}</span><span aria-hidden="true">${numberText(count, lang)}</span></span>
    </li>`)}</ul>
  </div>`;
}

/**
 * Return the legend in a sentence, for those who do not see the map.
 * @param {Legend | undefined} legend
 * @param {string} title
 * @param {import("../core/words.js").Translate} t
 */
export function legendInWords(legend, title, t) {
  if (!legend) return "";
  const parts = legend.classes.map(({ label, count }) => t("legend.part", { label, n: count }));
  return `${title}: ${parts.join("; ") || t("legend.empty")}`;
}
