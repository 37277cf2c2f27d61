// Search features of the city's layers by name, and take one's place.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { valueOf } from "../board/controls.js";

const MOST = 6;
const LEAST_LETTERS = 2;

/** @typedef {{name: string, layer: string, title: string, key: string, at: string}} Place */

/** @param {{state: import("../../core/state.js").State}} given */
export function FindPlace({ state }) {
  const { api, city, store, t } = useConsole();
  const id = useId();
  const [text, setText] = useState("");
  const named = city.layers.filter((layer) => layer.kind === "feature" && layer.label && layer.may?.includes("read"));
  const wished = text.trim().length >= LEAST_LETTERS ? text.trim() : "";
  const answer = useAnswer((signal) => (wished ? found(api, named, wished, state, signal) : undefined), [wished, state.known, state.asof]);
  const places = wished ? (answer.value ?? []) : [];
  const take = (/** @type {Place} */ place) => {
    setText("");
    store.set({ at: place.at, map: `${place.at},16` });
  };
  return html`<div class="control find">
    <label for=${id}>${t("situation.search")}</label>
    <input id=${id} type="search" autocomplete="off" value=${text} placeholder=${t("situation.search.hint")} aria-describedby=${`${id}-found`}
      onInput=${(/** @type {Event} */ event) => setText(valueOf(event))}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && places[0] && take(places[0])} />
    <div id=${`${id}-found`} class="place-found" role="status" aria-live="polite">
      ${wished && answer.value && !places.length && html`<p class="note">${t("situation.search.none", { text: wished })}</p>`}
      ${places.length > 0 && html`<ul>${places.map((place) => html`<li key=${`${place.layer}/${place.key}`}><button type="button" class="link" onClick=${() => take(place)}>${place.name}</button> <span class="note">${place.title}</span></li>`)}</ul>`}
    </div>
  </div>`;
}

/**
 * @param {import("../../core/api.js").Api} api
 * @param {Record<string, any>[]} layers
 * @param {string} text
 * @param {import("../../core/state.js").State} state
 * @param {AbortSignal} signal
 * @returns {Promise<Place[]>}
 */
async function found(api, layers, text, state, signal) {
  const pattern = text.replaceAll(/[\\%_]/g, "\\$&").replaceAll("'", "''");
  const answers = await Promise.all(layers.map(async ({ name, title, label }) => {
    const filter = `casei("${label.replaceAll('"', '""')}") LIKE casei('%${pattern}%')`;
    const params = { filter, limit: MOST, known: state.known, datetime: state.asof || state.known };
    const answer = await api.get(`/collections/${encodeURIComponent(name)}/items`, { params, accept: "application/geo+json", signal });
    return answer.features.map((/** @type {any} */ feature) => placed(feature, name, title, label)).filter(Boolean);
  }));
  return answers.flat().sort((one, other) => one.name.length - other.name.length).slice(0, MOST);
}

/**
 * @param {any} feature
 * @param {string} layer
 * @param {string} title
 * @param {string} label
 * @returns {Place | null}
 */
function placed(feature, layer, title, label) {
  if (!feature.geometry) return null;
  const [lon, lat] = within(feature.geometry);
  return { name: String(feature.properties[label]), layer, title, key: String(feature.id), at: `${lon.toFixed(6)},${lat.toFixed(6)}` };
}

/**
 * Return a place of a shape: of a line one of its vertices, of an area the middle of its box.
 * @param {any} geometry GeoJSON
 * @returns {[number, number]}
 */
function within(geometry) {
  if (geometry.type === "Point") return geometry.coordinates;
  const vertices = geometry.coordinates.flat(depthOf(geometry.coordinates) - 2);
  if (geometry.type.includes("Polygon")) {
    const [west, east, south, north] = [0, 1].flatMap((axis) => {
      const values = vertices.map((/** @type {number[]} */ vertex) => vertex[axis]);
      return [Math.min(...values), Math.max(...values)];
    });
    return [(west + east) / 2, (south + north) / 2];
  }
  return vertices[Math.floor(vertices.length / 2)];
}

/**
 * @param {any} coordinates
 * @returns {number}
 */
function depthOf(coordinates) {
  return Array.isArray(coordinates) ? 1 + depthOf(coordinates[0]) : 0;
}
