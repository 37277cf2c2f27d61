// One layer: what it is, its quality, columns and loads, and where to go on.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef } from "../../core/html.js";
import { Failure } from "../failure.js";
import { Columns } from "./columns.js";
import { Freshness } from "./freshness.js";
import { lengthText, useRowCounts } from "./layers.js";
import { Loads } from "./loads.js";
import { LayerLinks } from "./links.js";
import { RowCount } from "./rowcount.js";
import { show } from "../board/shown.js";

/** @typedef {import("./layers.js").LayerDocument} LayerDocument */

/** @param {{name: string, state: import("../../core/state.js").State}} given */
export function LayerDetail({ name, state }) {
  const { api, store, t } = useConsole();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const answer = useAnswer((signal) => api.get(`/layers/${encodeURIComponent(name)}`, { signal }), [name]);
  /** @type {LayerDocument | undefined} */
  const layer = answer.value;
  useEffect(() => show(heading.current), [Boolean(layer)]);
  return html`<article class="pane detail" aria-labelledby="layer-title" aria-busy=${answer.waiting}>
    <header>
      <h2 id="layer-title" tabindex="-1" ref=${heading}>${layer?.title ?? name}</h2>
      <button type="button" onClick=${() => store.set({ record: "" })}>${t("close")}</button>
    </header>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${layer && html`
      <${Ways} layer=${layer} state=${state} />
      <p><${Freshness} layer=${layer} long=${true} /></p>
      ${layer.description && html`<p>${layer.description}</p>`}
      <${About} layer=${layer} state=${state} />
      <${Columns} columns=${layer.columns ?? []} />
      <${Loads} loads=${layer.history ?? []} />
      <${LayerLinks} layer=${layer} />`}
  </article>`;
}

/** What can be done with the layer. @param {{layer: LayerDocument, state: import("../../core/state.js").State}} given */
function Ways({ layer, state }) {
  const { store, t } = useConsole();
  const fresh = { layer: layer.name, what: [], where: [], group: [], rows: "", compare: "" };
  const under = [...new Set([...state.under.filter((name) => name !== "none"), layer.name])];
  const box = layer.bbox ? { map: "" } : {};
  return html`<div class="ways">
    ${layer.kind === "event" && html`<button type="button" onClick=${() => store.set({ ...fresh, ...box, board: "explore" })}>${t("layer.explore")}</button>`}
    ${layer.kind !== "event" && html`<button type="button" onClick=${() => store.set({ ...box, under, board: "explore", rows: "" })}>${t("layer.map")}</button>`}
    ${layer.role === "readings" && html`<button type="button" onClick=${() => store.set({ board: "series", layer: layer.name, station: "", value: "" })}>${t("layer.series")}</button>`}
    ${layer.role === "unit-grid" && html`<button type="button" onClick=${() => store.set({ board: "grid" })}>${t("board.grid")}</button>`}
  </div>`;
}

/** @param {{layer: LayerDocument, state: import("../../core/state.js").State}} given */
function About({ layer, state }) {
  const { city, t, lang } = useConsole();
  const { counts, waiting } = useRowCounts([layer], state);
  const quality = layer.quality;
  const rejected = quality && `${numberText(quality.rejected, lang)} / ${numberText(quality.read, lang)}${share(quality.rejected_share, lang)}`;
  /** @type {[string, any][]} */
  const facts = [
    [t("layer.kind"), t(`kind.${layer.kind}`)],
    [t("rows"), html`<${RowCount} layer=${layer} count=${counts[layer.name]} />`],
    [t("layer.time"), `${clockText(layer.first, city.zone)} – ${clockText(layer.last, city.zone)}`],
    [t("layer.complete-to"), clockText(layer.complete_to, city.zone)],
    [t("quality.rejected.of"), rejected ?? "–"],
    [t("quality.unplaced"), numberText(quality?.unplaced, lang)],
    [t("quality.lateness.median"), lengthText(quality?.lateness_s, t, lang)],
    [t("layer.owner"), layer.owner], [t("layer.contact"), layer.contact], [t("layer.licence"), layer.licence],
    [t("theme"), layer.themes.join(", ")], [t("layer.keywords"), (layer.keywords ?? []).join(", ")], [t("layer.lineage"), layer.lineage],
  ];
  return html`<dl class="about-list" aria-busy=${waiting}>${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/**
 * @param {number | null} part
 * @param {string} lang
 */
function share(part, lang) {
  return part === null ? "" : ` (${new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 2 }).format(part)})`;
}
