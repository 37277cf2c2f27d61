// The map of a situation: the place, its circle, and all that was found, by what it is.
import { useConsole } from "../../core/hooks.js";
import { html, useMemo } from "../../core/html.js";
import { LINES } from "../../core/palette.js";
import { MapView } from "../mapview.js";
import { partsOf, showRecord } from "./records.js";

const CORNERS = 64;
const METRES_OF_DEGREE = 111_320;
const COLOURS = /** @type {Record<string, string>} */ ({ cases: LINES[1], events: LINES[0], components: LINES[2], features: LINES[2], readings: LINES[3], nearest: LINES[5] });
const SHOWN = Object.keys(COLOURS);

/** @param {{state: import("../../core/state.js").State, situation: any}} given */
export function PlaceMap({ state, situation }) {
  const { store, t, dark } = useConsole();
  const here = dark ? "#ffffff" : "#000000";
  const parts = situation ? partsOf(situation) : [];
  const pick = (/** @type {any} */ properties) => {
    const record = parts.find(({ part }) => part === properties.part)?.records[properties.place];
    if (record) showRecord(store, situation, properties.part, record);
  };
  const colour = ["match", ["get", "part"], ...SHOWN.flatMap((part) => [part, COLOURS[part]]), "#888888"];
  const data = useMemo(() => ({
    circle: situation ? circle(situation) : nothing(), found: situation ? points(situation) : nothing(), here: state.at ? place(state.at) : nothing(),
  }), [situation, state.at]);
  /** @type {import("../mapview.js").Overlay[]} */
  const overlays = [
    { id: "circle", kind: "geojson", look: "shapes", data: data.circle, colour: here },
    { id: "here", kind: "geojson", look: "points", data: data.here, colour: here, radius: 9, title: t("situation.place") },
    { id: "found", kind: "geojson", look: "points", data: data.found, colour, radius: 5, onPick: pick, hover: ({ part, text }) => `${t(`part.${part}`)}: ${text}` },
  ];
  const choose = (/** @type {{lng: number, lat: number}} */ { lng, lat }) => store.set({ at: `${lng.toFixed(6)},${lat.toFixed(6)}` });
  return html`
    <${MapView} overlays=${overlays} state=${state} onPlace=${choose} valid=${state.asof || undefined} summary=${situation ? "" : t("situation.choose")}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })} />
    ${situation && html`<ul class="signs" aria-label=${t("map.signs")}>${parts.filter(({ part, records }) => SHOWN.includes(part) && records.length)
      .map(({ part }) => html`<li><span class="sign" style=${{ background: COLOURS[part] }}></span>${t(`part.${part}`)}</li>`)}</ul>`}`;
}

const nothing = () => ({ type: "FeatureCollection", features: [] });

/** @param {string} at */
function place(at) {
  return { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at.split(",").map(Number) } };
}

/** @param {any} situation */
function points(situation) {
  const features = partsOf(situation).flatMap(({ part, records }) =>
    SHOWN.includes(part)
      ? records.map((/** @type {any} */ record, /** @type {number} */ number) => ({ record, number })).filter(({ record }) => record.lon !== undefined && record.lon !== null)
          .map(({ record, number }) => ({ type: "Feature", properties: { part, place: number, text: String(record.name ?? record.number ?? record.what ?? record.key ?? "") }, geometry: { type: "Point", coordinates: [record.lon, record.lat] } }))
      : []);
  return { type: "FeatureCollection", features };
}

/** The circle as a map draws it. @param {any} situation */
function circle({ lon, lat, radius_m: radiusM }) {
  const high = radiusM / METRES_OF_DEGREE;
  const wide = high / Math.cos((lat * Math.PI) / 180);
  const corners = Array.from({ length: CORNERS + 1 }, (_, number) => {
    const turn = (number / CORNERS) * 2 * Math.PI;
    return [lon + wide * Math.cos(turn), lat + high * Math.sin(turn)];
  });
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: corners } };
}
