// The map of a question, with its legend, its table, and what chooses measures and layers.
import { layerOf, measureOf } from "../core/asked.js";
import { useAreaNames } from "../core/areanames.js";
import { useLayer } from "../core/documents.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { shapesOf } from "../core/drawnplaces.js";
import { html, useMemo } from "../core/html.js";
import { numberText } from "../core/format.js";
import { colourOf } from "../core/mapstyle.js";
import { useNaming } from "../core/naming.js";
import { fieldOf } from "../core/question.js";
import { validOf } from "../core/timespan.js";
import { MeasureChooser } from "./areachooser.js";
import { AreaCard, AreaTable } from "./areatable.js";
import { Failure } from "./failure.js";
import { LayerChooser } from "./layerchooser.js";
import { legendInWords, MapLegend } from "./maplegend.js";
import { MapView } from "./mapview.js";
import { measuresOf } from "./question/measure.js";

const POINTS_FROM_ZOOM = 15.5;

/**
 * Return what a map shades: its question, the field, and what that and the areas are called.
 * @param {import("../core/state.js").State} state
 * @param {import("../core/question.js").Question} question
 * @param {string | undefined} by
 */
export function useShaded(state, question, by) {
  const measured = state.other ? { measure: ["count"], compare: `known-at:${state.other}` } : { measure: measureOf(state).measure };
  return {
    shaded: { ...question, ...measured, by: by ? [by] : [] },
    field: state.other ? "count_change" : measureOf(state).field,
    title: useTitle(state),
    name: useAreaNames(by ?? "", state),
  };
}

/**
 * The map of a question: areas by their classes, and what happened as points where the map is close.
 * @param {{state: import("../core/state.js").State, question: import("../core/question.js").Question, facts?: Record<string, string>, onIdle?: () => void,
 *   by?: string, shape?: "" | "box" | "area", setShape?: (shape: "" | "box" | "area") => void, chooser: any, table?: boolean}} given
 *   `by`: by which areas; undefined: it is not known yet; `chooser`: what chooses them; `table`: whether the map as a table lies below it
 */
export function QuestionMap({ state, question, by, facts, onIdle, shape, setShape, chooser, table = true }) {
  const { api, city, store, t, lang, dark } = useConsole();
  const { shaded, field, title, name } = useShaded(state, question, by);
  const legend = useAnswer((signal) => (by ? api.post("/legends", { ...shaded, field }, { signal }) : undefined), [shaded, field]);
  const look = layerOf(city, state.layer)?.kind === "feature" ? "shapes" : "points";
  const places = useMemo(() => shapesOf(state.where), [state.where.join()]);
  const marked = useMemo(() => state.at && { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: state.at.split(",").map(Number) } }, [state.at]);
  /** @type {import("../components/mapview.js").Overlay[]} */
  const overlays = by ? [
    ...(places ? [/** @type {const} */ ({ id: "places", kind: "geojson", look: "drawing", data: places })] : []),
    {
      id: "areas", kind: "question", question: shaded, look: "areas", hold: legend.waiting && !legend.problem,
      ...(legend.value && { colour: colourOf(legend.value) }),
      hover: (properties) => `${name(properties[fieldOf(by)])}: ${numberText(properties[field], lang)}`,
      card: (properties, close) => html`<${AreaCard} question=${question} by=${by} field=${field} title=${title} name=${name} properties=${properties} close=${close} other=${state.other} />`,
    },
    { id: "rows", kind: "question", question, look, minzoom: POINTS_FROM_ZOOM, opacity: 0.9, hover: (properties) => rowText(properties), card: (properties) => html`<${RowCard} properties=${properties} />` },
    ...(marked ? [/** @type {const} */ ({ id: "marked", kind: "geojson", look: "points", data: marked, colour: dark ? "#ffffff" : "#000000", radius: 9, title: t("map.marked") })] : []),
  ] : [];
  return html`<div class="map-bar">
      ${chooser}
      <${MeasureChooser} state=${state} />
      <${LayerChooser} state=${state} />
    </div>
    ${legend.problem && html`<${Failure} problem=${legend.problem} t=${t} />`}
    <${MapView} overlays=${overlays} state=${state} valid=${validOf(state, facts?.when)} shape=${shape} setShape=${setShape} onIdle=${onIdle} summary=${legendInWords(legend.value, title, t)}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })}>
      <${MapLegend} legend=${legend.value} title=${title} waiting=${legend.waiting} />
    <//>
    ${by && table && html`<${AreaTable} question=${shaded} by=${by} field=${field} title=${title} name=${name} />`}`;
}

/** What is shaded, in words. @param {import("../core/state.js").State} state */
function useTitle(state) {
  const { t } = useConsole();
  const layer = useLayer(state.layer);
  const naming = useNaming(layer);
  if (state.other) return t("difference.title");
  const chosen = state.measure || "count";
  return measuresOf(layer, naming, t).find(({ measure }) => measure === chosen)?.name ?? chosen;
}

/** @param {Record<string, any>} properties */
const rowText = (properties) => String(properties.count !== undefined && properties.st_key === undefined ? properties.count : (properties.st_time ?? properties.st_key ?? "")).slice(0, 16).replace("T", " ");

/** The columns of what was clicked. @param {{properties: Record<string, any>}} given */
export function RowCard({ properties }) {
  const shown = Object.entries(properties).filter(([name]) => name === "st_key" || !name.startsWith("st_"));
  return html`<dl>${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}</dl>`;
}
