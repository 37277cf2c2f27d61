// The stations: on a map and as a list; those that are chosen have the colour of their line.
import { useConsole } from "../../core/hooks.js";
import { html, useMemo } from "../../core/html.js";
import { MapView } from "../mapview.js";
import { lineColours } from "./colours.js";
import { MOST_STATIONS } from "./readings.js";

/** @param {{places: any, chosen: import("./readings.js").Chosen, state: import("../../core/state.js").State}} given `places`: GeoJSON */
export function Stations({ places, chosen, state }) {
  const { store, t, dark } = useConsole();
  const features = /** @type {any[]} */ (places?.features ?? []);
  const colourOf = (/** @type {string} */ station) => {
    const at = chosen.stations.indexOf(station);
    return at < 0 ? "" : lineColours(dark)[at];
  };
  const turn = (/** @type {string} */ station) => {
    const rest = chosen.stations.filter((each) => each !== station);
    const next = rest.length < chosen.stations.length ? rest : [...rest, station].slice(-MOST_STATIONS);
    if (next.length) store.set({ station: next.join(), layer: chosen.layer });
  };
  const labelled = features.map((feature) => ({ id: String(feature.id), name: nameOf(feature, places.label) }));
  const known = new Set(labelled.map(({ id }) => id));
  const listed = [...labelled, ...chosen.stations.filter((station) => !known.has(station)).map((id) => ({ id, name: id }))];
  const data = useMemo(() => ({
    type: "FeatureCollection",
    features: features.filter((feature) => feature.geometry).map((feature) => ({
      ...feature, properties: { station: String(feature.id), name: nameOf(feature, places.label), colour: colourOf(String(feature.id)) || "#8a9199" },
    })),
  }), [places, chosen.stations.join(), dark]);
  /** @type {import("../mapview.js").Overlay[]} */
  const overlays = [{
    id: "stations", kind: "geojson", look: "points", data, colour: ["get", "colour"], radius: 8, title: t("series.stations"),
    hover: ({ name }) => name, onPick: ({ station }) => turn(station),
  }];
  return html`
    ${features.some(({ geometry }) => geometry) && html`<${MapView} overlays=${overlays} state=${state} summary=${t("series.map", { count: features.length })}
      onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })} />`}
    <fieldset class="stations"><legend>${t("series.compare", { most: MOST_STATIONS })}</legend>
      ${listed.map(({ id, name }) => html`<label key=${id}><input type="checkbox" checked=${chosen.stations.includes(id)} onChange=${() => turn(id)} />
        <span class="sign" style=${{ background: colourOf(id) || "transparent" }}></span>${name}</label>`)}
      ${!listed.length && html`<p class="note">${t("series.no-stations")}</p>`}
    </fieldset>`;
}

/**
 * @param {any} feature
 * @param {string | null} label
 */
function nameOf(feature, label) {
  return String((label && feature.properties[label]) || feature.id);
}
