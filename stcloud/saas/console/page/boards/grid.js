// The unit grid: measures by unit, community, street or district, at any version of the grid.
import { AreaTable } from "../components/areatable.js";
import { Chooser } from "../components/chooser.js";
import { KnownClock } from "../components/knownclock.js";
import { QuestionMap, useShaded } from "../components/questionmap.js";
import { Chips } from "../components/question/chips.js";
import { Total } from "../components/total.js";
import { ValidClock } from "../components/validclock.js";
import { askedOf, layerOf } from "../core/asked.js";
import { useDocument } from "../core/documents.js";
import { useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";
import { instantText, localText, numberText } from "../core/format.js";
import { useTotal } from "../core/total.js";

const MOST_LISTED = 200;
const LEVELS = Object.freeze(["unit", "community", "street", "district"]);

/** @param {{state: import("../core/state.js").State}} given */
export function Grid({ state }) {
  const { city, store, t } = useConsole();
  const [drawn, setDrawn] = useState(0);
  const layers = city.layers.filter(({ kind, role }) => kind === "event" || role === "components");
  const layer = layers.some(({ name }) => name === state.layer) ? state.layer : (layers[0]?.name ?? "");
  const by = LEVELS.includes(state.by) ? state.by : "community";
  const own = { ...state, layer };
  const question = { ...askedOf(own, city), ...(state.grid && { grid_at: state.grid }) };
  const answer = useTotal(question, state.other);
  const { shaded, field, title, name } = useShaded(own, question, by);
  if (!city.grids.length || !layer) return html`<p>${t("grid.none")}</p>`;
  const chooser = html`<${Chooser} label=${t("grid.layer")} value=${layer} choices=${layers.map(({ name, title }) => [name, title ?? name])} onChoose=${(/** @type {string} */ name) => store.set({ layer: name, what: [], group: [] })} />
    <${Chooser} label=${t("areas.by")} value=${by} choices=${LEVELS.map((level) => [level, t(`areas.${level}`)])} onChoose=${(/** @type {string} */ level) => store.set({ by: level })} />
    <${Versions} state=${state} />`;
  return html`<div class="map-board">
    <div class="map-column">
      <${Chips} state=${own} />
      <${Total} answer=${answer} />
      <${QuestionMap} state=${own} question=${question} by=${by} facts=${answer.value?.facts} chooser=${chooser} onIdle=${() => setDrawn((/** @type {number} */ n) => n + 1)} table=${false} />
    </div>
    <div class="side clocks">
      <${ValidClock} state=${own} facts=${answer.value?.facts} drawn=${drawn} />
      <${KnownClock} state=${own} />
      ${layerOf(city, layer)?.kind === "event" && html`<p class="note">${t(state.grid ? "grid.restated" : "grid.own-time")}</p>`}
      <${AreaTable} question=${shaded} by=${by} field=${field} title=${title} name=${name} open=${true} limit=${MOST_LISTED} />
    </div>
  </div>`;
}

/** Versions of the grid: when it changed, and how many cells it had from then on. @param {{state: import("../core/state.js").State}} given */
function Versions({ state }) {
  const { city, store, t, lang } = useConsole();
  const { value } = useDocument("/grids");
  const versions = (value?.grids ?? []).flatMap((/** @type {any} */ grid) => grid.versions);
  const choices = versions.map((/** @type {any} */ { from, cells }) => [from, t("grid.version", { from: instantText(localText(Date.parse(from), city.zone)), cells: numberText(cells, lang) })]);
  const given = choices.some((/** @type {string[]} */ [from]) => from === state.grid) || !state.grid ? choices : [...choices, [state.grid, state.grid]];
  return html`<${Chooser} label=${t("grid.at")} value=${state.grid} choices=${[["", t("grid.then")], ...given]} onChoose=${(/** @type {string} */ grid) => store.set({ grid })} />`;
}
