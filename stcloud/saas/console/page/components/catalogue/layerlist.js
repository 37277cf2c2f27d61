// The layers as a table: what each is, how many rows, of what time, loaded when, stale or not.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { RowCount } from "./rowcount.js";
import { Freshness } from "./freshness.js";
import { lengthText, useRowCounts } from "./layers.js";

/** @typedef {import("./layers.js").LayerDocument} LayerDocument */

/** @param {{layers: LayerDocument[], state: import("../../core/state.js").State}} given */
export function LayerList({ layers, state }) {
  const { city, store, t, lang } = useConsole();
  const { counts, waiting } = useRowCounts(layers, state);
  const narrow = Boolean(state.record);
  const groups = byTheme(layers, t("theme.none"));
  const columns = [
    { name: "title", text: t("layer"), wide: true }, { name: "rows", text: t("rows"), number: true },
    { name: "fresh", text: t("fresh") },
    ...(narrow ? [] : [{ name: "time", text: t("layer.time") }]),
    { name: "loaded", text: t("layer.last-load") },
    ...(narrow ? [] : [
      { name: "rejected", text: t("quality.rejected"), number: true }, { name: "unplaced", text: t("quality.unplaced"), number: true },
      { name: "late", text: t("quality.lateness"), number: true },
    ]),
  ];
  const open = (/** @type {string} */ record) => store.set({ record: record === state.record ? "" : record });
  const rowOf = (/** @type {LayerDocument} */ layer) => ({
    name: layer.name,
    title: html`<button type="button" class="link" aria-expanded=${layer.name === state.record} onClick=${() => open(layer.name)}>${layer.title}</button>
      <span class="aside">${layer.title === layer.name ? "" : `${layer.name} · `}${aboutOf(layer, t)}</span>`,
    rows: html`<${RowCount} layer=${layer} count=${counts[layer.name]} />`,
    time: html`${dayText(layer.first, city.zone)} – ${dayText(layer.last, city.zone)}`,
    loaded: clockText(layer.last_load?.recorded, city.zone),
    fresh: html`<${Freshness} layer=${layer} />`,
    rejected: numberText(layer.quality?.rejected, lang),
    unplaced: numberText(layer.quality?.unplaced, lang),
    late: lengthText(layer.quality?.lateness_s, t, lang),
  });
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${t("catalogue.table")} aria-busy=${waiting}>
    <table>
      <caption class="unseen">${t("catalogue.title")}</caption>
      <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? "numeric" : ""}>${column.text}</th>`)}</tr></thead>
      ${groups.map(([theme, members]) => html`<tbody key=${theme}>
        <tr><th scope="rowgroup" class="theme" colspan=${columns.length}>${theme}</th></tr>
        ${members.map(rowOf).map((/** @type {Record<string, any>} */ row) => html`<tr key=${row.name} class=${row.name === state.record ? "is-chosen" : ""}>
          ${columns.map((column) => html`<td class=${column.number ? "numeric" : column.wide ? "wide" : ""}>${row[column.name]}</td>`)}</tr>`)}
      </tbody>`)}
    </table>
  </div>`;
}

/**
 * Return what a layer is, in a word or two; what says no more than its kind is left out.
 * @param {LayerDocument} layer
 * @param {import("../../core/words.js").Translate} t
 */
function aboutOf({ kind, role }, t) {
  const plain = role === null || role === "features" || role === "events" || role === "scenes";
  return plain ? t(`kind.${kind}`) : `${t(`kind.${kind}`)} · ${t(`role.${role}`)}`;
}

/**
 * Return layers by their first theme; those without one last.
 * @param {LayerDocument[]} layers
 * @param {string} none
 * @returns {[string, LayerDocument[]][]}
 */
function byTheme(layers, none) {
  /** @type {Map<string, LayerDocument[]>} */
  const groups = new Map();
  for (const layer of layers) {
    const theme = layer.themes[0] ?? "";
    groups.set(theme, [...(groups.get(theme) ?? []), layer]);
  }
  const themes = [...groups].sort(([one], [other]) => (one === "" ? 1 : other === "" ? -1 : one.localeCompare(other)));
  return themes.map(([theme, members]) => [theme || none, members]);
}

/**
 * @param {string | null} instant
 * @param {string} zone
 */
function dayText(instant, zone) {
  return clockText(instant, zone).slice(0, 10);
}
