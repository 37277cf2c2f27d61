// What happened where and when: a question, a map with the two clocks, and its answer in linked views.
import { AreaCard, AreaTable } from "../components/areatable.js";
import { AreaChooser, MeasureChooser } from "../components/areachooser.js";
import { Count } from "../components/count.js";
import { Failure } from "../components/failure.js";
import { KnownClock } from "../components/knownclock.js";
import { LayerChooser } from "../components/layerchooser.js";
import { legendInWords, MapLegend } from "../components/maplegend.js";
import { MapView } from "../components/mapview.js";
import { ValidClock } from "../components/validclock.js";
import { askedOf, layerOf, measureOf } from "../core/asked.js";
import { cellFor } from "../core/areas.js";
import { useAreaNames } from "../core/areanames.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { colourOf } from "../core/mapstyle.js";
import { awaitMap } from "../core/maplibrary.js";
import { fieldOf } from "../core/question.js";
import { validOf } from "../core/timespan.js";

const POINTS_FROM_ZOOM = 15.5;
const PARTS = Object.freeze(["question", "map", "numbers"]);

/** @param {{state: import("../core/state.js").State}} given */
export function Explore({ state }) {
  const { api, city, t } = useConsole();
  const [part, setPart] = useState("map");
  const [drawn, setDrawn] = useState(0);
  awaitMap();
  const question = askedOf(state, city);
  const total = { ...question, ...(state.other ? { compare: `known-at:${state.other}`, measure: ["count"] } : { count: true }) };
  const answer = useAnswer((signal) => api.post("/questions", total, { signal }), [total]);
  return html`<div class="explore" data-part=${part}>
    <div class="parts" role="group" aria-label=${t("parts")}>${PARTS.map((name) => html`<button type="button" aria-pressed=${part === name} onClick=${() => setPart(name)}>${t(`part.${name}`)}</button>`)}</div>
    <section class="part-question" aria-label=${t("part.question")}></section>
    <section class="part-map" aria-label=${t("part.map")}>
      <${Total} answer=${answer} question=${question} other=${state.other} />
      <${QuestionMap} state=${state} question=${question} facts=${answer.value?.facts} onIdle=${() => setDrawn((/** @type {number} */ n) => n + 1)} />
      <${ValidClock} state=${state} facts=${answer.value?.facts} drawn=${drawn} />
      <${KnownClock} state=${state} />
    </section>
    <section class="part-numbers" aria-label=${t("part.numbers")}></section>
  </div>`;
}

/**
 * How many rows there are, and how the question was understood.
 * @param {{answer: import("../core/hooks.js").Coming<import("../core/api.js").Answer>, question: import("../core/question.js").Question, other: string}} given
 */
function Total({ answer, question, other }) {
  const { t, lang } = useConsole();
  if (answer.problem) return html`<${Failure} problem=${answer.problem} t=${t} />`;
  const row = answer.value?.rows[0];
  const facts = Object.entries(answer.value?.facts ?? {}).filter(([name]) => name !== "pin" && name !== "layer");
  const shortly = facts.map(([, text]) => text.replaceAll(/T(\d\d:\d\d)(?::[\d.]+)?(?:Z|[+-]\d\d:?\d\d)/g, " $1"));
  return html`<div class="total" aria-busy=${answer.waiting}>
    <p class="sum" role="status"><${Count} value=${row?.count ?? null} question=${question} label=${t("rows")} /> ${t("total.rows")}
      ${other && row && html`<span class="difference">${t("difference.was")} <${Count} value=${row.count_before} question=${{ ...question, known_at: other }} label=${t("difference.before")} />
        ${t("difference.change", { n: `${row.count_change > 0 ? "+" : ""}${numberText(row.count_change, lang)}` })}</span>`}</p>
    <details class="facts"><summary>${t("understood")}: ${shortly.join(" · ")}</summary>
      <dl>${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl></details>
  </div>`;
}

/**
 * The map of a question: areas by their classes, and what happened as points where the map is close.
 * @param {{state: import("../core/state.js").State, question: import("../core/question.js").Question, facts?: Record<string, string>, onIdle: () => void}} given
 */
function QuestionMap({ state, question, facts, onIdle }) {
  const { api, city, store, t, lang } = useConsole();
  const by = state.by || cellFor(state.map);
  const measured = state.other ? { measure: ["count"], compare: `known-at:${state.other}` } : { measure: measureOf(state).measure };
  const field = state.other ? "count_change" : measureOf(state).field;
  const shaded = { ...question, ...measured, by: by ? [by] : [] };
  const legend = useAnswer((signal) => (by ? api.post("/legends", { ...shaded, field }, { signal }) : undefined), [shaded, field]);
  const name = useAreaNames(by ?? "", state);
  const title = titleOf(state, t);
  const look = layerOf(city, state.layer)?.kind === "feature" ? "shapes" : "points";
  /** @type {import("../components/mapview.js").Overlay[]} */
  const overlays = by ? [
    {
      id: "areas", kind: "question", question: shaded, look: "areas", hold: legend.waiting && !legend.problem,
      ...(legend.value && { colour: colourOf(legend.value) }),
      hover: (properties) => `${name(properties[fieldOf(by)])}: ${numberText(properties[field], lang)}`,
      card: (properties, close) => html`<${AreaCard} question=${question} by=${by} field=${field} title=${title} name=${name} properties=${properties} close=${close} other=${state.other} />`,
    },
    { id: "rows", kind: "question", question, look, minzoom: POINTS_FROM_ZOOM, opacity: 0.9, hover: (properties) => rowText(properties), card: (properties) => html`<${RowCard} properties=${properties} />` },
  ] : [];
  return html`<div class="map-bar">
      <${AreaChooser} state=${state} by=${by} />
      <${MeasureChooser} state=${state} />
      <${LayerChooser} state=${state} />
    </div>
    ${legend.problem && html`<${Failure} problem=${legend.problem} t=${t} />`}
    <${MapView} overlays=${overlays} state=${state} valid=${validOf(state, facts?.when)} drawn=${true} onIdle=${onIdle} summary=${legendInWords(legend.value, title, t)}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })}>
      <${MapLegend} legend=${legend.value} title=${title} waiting=${legend.waiting} />
    <//>
    ${by && html`<${AreaTable} question=${shaded} by=${by} field=${field} title=${title} name=${name} />`}`;
}

/** @param {import("../core/state.js").State} state @param {import("../core/words.js").Translate} t */
function titleOf(state, t) {
  if (state.other) return t("difference.title");
  return !state.measure || state.measure === "count" ? t("measure.count") : state.measure === "per_km2" ? t("measure.per-km2") : state.measure;
}

/** @param {Record<string, any>} properties */
const rowText = (properties) => String(properties.count !== undefined && properties.st_key === undefined ? properties.count : (properties.st_time ?? properties.st_key ?? "")).slice(0, 16).replace("T", " ");

/** The columns of what was clicked. @param {{properties: Record<string, any>}} given */
export function RowCard({ properties }) {
  const shown = Object.entries(properties).filter(([name]) => name === "st_key" || !name.startsWith("st_"));
  return html`<dl>${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}</dl>`;
}
