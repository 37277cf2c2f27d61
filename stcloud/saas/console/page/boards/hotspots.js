// Hot and cold spots: cells whose counts stand out from those around them, step by step.
import { Chooser } from "../components/chooser.js";
import { Count } from "../components/count.js";
import { Failure } from "../components/failure.js";
import { KnownClock } from "../components/knownclock.js";
import { LayerChooser } from "../components/layerchooser.js";
import { MapView } from "../components/mapview.js";
import { Chips } from "../components/question/chips.js";
import { Total } from "../components/total.js";
import { ValidClock } from "../components/validclock.js";
import { askedOf } from "../core/asked.js";
import { useAreaNames } from "../core/areanames.js";
import { GEOJSON_TYPE } from "../core/api.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useMemo, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { COLD, HOT, NO_VALUE } from "../core/palette.js";
import { fieldOf, groupText, ofGroup } from "../core/question.js";
import { validOf } from "../core/timespan.js";
import { useTotal } from "../core/total.js";

const CELLS = Object.freeze(["100m", "250m", "500m", "1km", "10km"]);
/** Cells that are tried where none is chosen: the finest of which an answer can hold all. */
const BY_ITSELF = Object.freeze(["250m", "500m", "1km", "10km"]);
const STEPS = Object.freeze({ "1D": "day", "1W": "week", "1M": "month" });
const DISTANCES_M = Object.freeze(["", "250", "500", "1000", "2000"]);
const MOST_LISTED = 100;
const LEAST_P = 0.0001;

/** @param {string} name such as `sporadic hot` */
function faceOf(name) {
  const [kind, heat] = name.split(" ");
  const faces = /** @type {Record<string, string>} */ (heat === "hot" ? HOT : heat === "cold" ? COLD : {});
  return faces[kind] ?? (name === "none" ? "transparent" : NO_VALUE);
}

/** @param {{state: import("../core/state.js").State}} given */
export function HotSpots({ state }) {
  const { api, city, store, t, lang } = useConsole();
  const [drawn, setDrawn] = useState(0);
  const [chosen, setChosen] = useState(/** @type {any} */ (null));
  const layers = city.layers.filter(({ kind }) => kind === "event");
  const layer = layers.some(({ name }) => name === state.layer) ? state.layer : (layers[0]?.name ?? "");
  const own = { ...state, layer };
  const every = state.every in STEPS ? state.every : "1W";
  const question = askedOf(own, city);
  const document = { ...question, every, ...(state.distance && { distance_m: Number(state.distance) }) };
  const total = useTotal(question, "");
  const answer = useAnswer((signal) => ofCells(api, document, state.cell ? [state.cell] : BY_ITSELF, signal), [document, state.cell]);
  const cell = state.cell || answer.value?.cell || BY_ITSELF[0];
  const by = CELLS.includes(cell) ? `cell:${cell}` : cell;
  const field = fieldOf(by);
  const name = useAreaNames(by, own);
  const rows = useMemo(() => (answer.value?.features ?? []).map((/** @type {any} */ { properties }) => properties), [answer.value]);
  const counts = countsOf(rows);
  if (!layer) return html`<p>${t("hotspots.none")}</p>`;
  const hover = (/** @type {any} */ row) => `${name(row[field])}: ${className(row.class, t)}, z ${numberText(row.trend_z, lang)}`;
  const card = (/** @type {any} */ row) => html`<${CellCard} row=${row} by=${by} step=${STEPS[/** @type {keyof typeof STEPS} */ (every)]} question=${question} name=${name(row[field])} />`;
  const colour = ["match", ["get", "class"], ...counts.flatMap(([kind]) => [kind, faceOf(kind)]), "transparent"];
  /** @type {import("../components/mapview.js").Overlay[]} */
  const overlays = [{ id: "hotspots", kind: "geojson", data: answer.value, look: "areas", opacity: 0.85, colour: counts.length ? colour : "transparent", hover, card }];
  const choose = (/** @type {string} */ part) => (/** @type {string} */ value) => store.set({ [part]: value });
  return html`<div class="map-board">
    <div class="map-column">
      <${Chips} state=${own} />
      <${Total} answer=${total} />
      <div class="map-bar">
        <${Chooser} label=${t("grid.layer")} value=${layer} choices=${layers.map((each) => [each.name, each.title ?? each.name])} onChoose=${(/** @type {string} */ to) => store.set({ layer: to, what: [], group: [] })} />
        <${Chooser} label=${t("hotspots.cell")} value=${cell} choices=${CELLS.map((size) => [size, size])} onChoose=${choose("cell")} />
        <${Chooser} label=${t("hotspots.step")} value=${every} choices=${Object.entries(STEPS).map(([step, word]) => [step, t(`clock.bin.${word}`)])} onChoose=${choose("every")} />
        <${Chooser} label=${t("hotspots.distance")} value=${state.distance} choices=${DISTANCES_M.map((metres) => [metres, metres ? `${numberText(Number(metres), lang)} m` : t("hotspots.by-itself")])} onChoose=${choose("distance")} />
        <${LayerChooser} state=${own} />
      </div>
      ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
      ${answer.problem?.kind === "too-many-rows" && html`<p><button type="button" onClick=${() => choose("cell")("")}>${t("hotspots.larger")}</button></p>`}
      <${MapView} overlays=${overlays} state=${own} valid=${validOf(own, total.value?.facts?.when)} onIdle=${() => setDrawn((/** @type {number} */ n) => n + 1)}
        summary=${counts.map(([kind, n]) => t("legend.part", { label: className(kind, t), n })).join("; ")} onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })}>
        <${Legend} counts=${counts} waiting=${answer.waiting} />
      <//>
    </div>
    <div class="side clocks">
      <${ValidClock} state=${own} facts=${total.value?.facts} drawn=${drawn} />
      <${KnownClock} state=${own} plain=${true} />
      <${CellTable} rows=${rows} field=${field} name=${name} chosen=${chosen} onChoose=${setChosen} />
      ${chosen && html`<section class="chosen-cell" aria-label=${name(chosen[field])}>${card(chosen)}</section>`}
    </div>
  </div>`;
}

/**
 * Ask for hot spots by the first cells of which an answer can hold all.
 * @param {import("../core/api.js").Api} api @param {Record<string, any>} document @param {readonly string[]} cells @param {AbortSignal} signal
 */
async function ofCells(api, document, cells, signal) {
  const [cell, ...larger] = cells;
  try {
    const bytes = await api.bytes("/hotspots", { document: { ...document, cell }, accept: GEOJSON_TYPE, signal });
    return { ...JSON.parse(new TextDecoder().decode(bytes)), cell };
  } catch (problem) {
    if (!larger.length || /** @type {any} */ (problem).kind !== "too-many-rows") throw problem;
    return ofCells(api, document, larger, signal);
  }
}

/** Classes in the order of their palette, with how many cells have which. @param {any[]} rows @returns {[string, number][]} */
function countsOf(rows) {
  const order = [...Object.keys(HOT).map((kind) => `${kind} hot`), ...Object.keys(COLD).map((kind) => `${kind} cold`)];
  const names = [...new Set(rows.map((row) => row.class))].sort((one, other) => (order.indexOf(one) + 1 || 99) - (order.indexOf(other) + 1 || 99));
  return names.map((name) => [name, rows.filter((row) => row.class === name).length]);
}

/** @param {string} name @param {import("../core/words.js").Translate} t */
const className = (name, t) => name.split(" ").map((part) => t(`hot.${part}`)).join(t("hot.joint"));

/** @param {{counts: [string, number][], waiting: boolean}} given */
function Legend({ counts, waiting }) {
  const { t, lang } = useConsole();
  return html`<div class="map-legend" aria-busy=${waiting}><h2>${t("hotspots.classes")}</h2><ul>${counts.map(([kind, n]) => html`<li key=${kind}>
    <span class="swatch" style=${{ background: faceOf(kind) }} aria-hidden="true"></span><span>${className(kind, t)}</span>
    <span class="areas"><span class="seen-not">${t("legend.areas", { n })}</span><span aria-hidden="true">${numberText(n, lang)}</span></span></li>`)}</ul></div>`;
}

/** @param {{rows: any[], field: string, name: (code: any) => string, chosen: any, onChoose: (row: any) => void}} given */
function CellTable({ rows, field, name, chosen, onChoose }) {
  const { t, lang } = useConsole();
  const listed = rows.filter((row) => row.class !== "none").sort((one, other) => Math.abs(other.trend_z ?? 0) - Math.abs(one.trend_z ?? 0)).slice(0, MOST_LISTED);
  return html`<div class="scrolled cell-table" tabindex="0" role="region" aria-label=${t("hotspots.table")}><table>
    <caption>${t("hotspots.table")}</caption>
    <thead><tr><th scope="col">${t("areas.area")}</th><th scope="col">${t("hotspots.class")}</th><th scope="col" class="number">${t("hotspots.z")}</th><th scope="col" class="number">${t("hotspots.hot-steps")}</th><th scope="col" class="number">${t("hotspots.cold-steps")}</th></tr></thead>
    <tbody>${listed.map((row) => html`<tr key=${row[field]} aria-current=${chosen?.[field] === row[field] ? "true" : undefined}>
      <th scope="row"><button type="button" class="sorter" onClick=${() => onChoose(row)}>${name(row[field])}</button></th>
      <td>${className(row.class, t)}</td><td class="number">${numberText(row.trend_z, lang)}</td><td class="number">${row.hot_steps}</td><td class="number">${row.cold_steps}</td></tr>`)}</tbody>
  </table></div>`;
}

/**
 * A cell: its class, its trend, and its counts step by step.
 * @param {{row: any, by: string, step: string, question: import("../core/question.js").Question, name: string}} given
 */
function CellCard({ row, by, step, question, name }) {
  const { api, store, t, lang } = useConsole();
  const code = row[fieldOf(by)];
  const inCell = ofGroup(question, { [by]: code });
  const counted = { ...inCell, by: [step], measure: ["count"] };
  const { value, problem } = useAnswer(async (signal) => ({ ...(await api.post("/questions", counted, { signal })), counted }), [counted]);
  const sum = useTotal(inCell, "");
  const bars = value?.rows ?? [];
  const most = Math.max(1, ...bars.map((/** @type {any} */ bar) => bar.count));
  const rowsOf = (/** @type {any} */ bar) => JSON.stringify(ofGroup(value?.counted ?? counted, { [step]: bar[step] }));
  return html`<h2>${name}</h2>
    <dl><dt>${t("hotspots.class")}</dt><dd>${className(row.class, t)}</dd>
      <dt>${t("hotspots.z")}</dt><dd>${numberText(row.trend_z, lang)} (p ${row.trend_p < LEAST_P ? `< ${LEAST_P}` : numberText(row.trend_p, lang, 4)})</dd>
      <dt>${t("measure.count")}</dt><dd><${Count} value=${sum.value?.rows[0].count ?? null} question=${sum.value?.question ?? inCell} label=${name} /></dd></dl>
    ${problem && html`<${Failure} problem=${problem} t=${t} />`}
    <svg class="steps" viewBox=${`0 0 ${Math.max(1, bars.length) * 10} 70`} preserveAspectRatio="none" role="img" aria-label=${t("hotspots.steps", { step: t(`clock.bin.${step}`), n: most })}>
      ${bars.map((/** @type {any} */ bar, /** @type {number} */ at) => html`<rect key=${bar[step]} x=${at * 10 + 1} width="8" y=${70 - (bar.count / most) * 68} height=${(bar.count / most) * 68}
        data-count=${bar.count} data-question=${rowsOf(bar)} onClick=${() => store.set({ rows: rowsOf(bar) })}><title>${bar[step]}: ${numberText(bar.count, lang)}</title></rect>`)}
    </svg>
    <button type="button" onClick=${() => store.set({ group: [...store.get().group, groupText(by, code)], board: "explore" })}>${t("areas.narrow-here")}</button>`;
}
