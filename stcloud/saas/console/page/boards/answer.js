// One answer, in a notebook: its places on a map, its groups as bars, its rows as a table.
import { Failure } from "../components/failure.js";
import { MapView } from "../components/mapview.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useMemo } from "../core/html.js";
import { numberText } from "../core/format.js";
import { colourOf } from "../core/mapstyle.js";
import { legendInWords, MapLegend } from "../components/maplegend.js";

/** @param {{state: import("../core/state.js").State}} given */
export function Answer({ state }) {
  const { api, store, t, lang } = useConsole();
  const answer = useAnswer((signal) => api.get("/answer.json", { signal }), []);
  const places = useAnswer((signal) => api.get("/answer.geojson", { signal }).catch(() => null), []);
  const legend = useAnswer((signal) => api.get("/legend.json", { signal }), []);
  const rows = answer.value?.rows ?? [];
  const groups = answer.value?.groups ?? [];
  const columns = useMemo(() => Object.keys(rows[0] ?? {}), [rows]);
  const measure = legend.value?.field ?? undefined;
  if (answer.problem) return html`<${Failure} problem=${answer.problem} t=${t} />`;
  if (!answer.value) return html`<p role="status">${t("starting")}</p>`;
  const drawn = places.value?.features?.some((/** @type {any} */ feature) => feature.geometry);
  const look = !drawn ? "" : groups.length ? "areas" : "points";
  return html`
    <p class="facts">${Object.entries(answer.value.facts).map(([name, value]) => `${name} ${value}`).join(", ")}</p>
    ${drawn && html`<${MapView} state=${state} under=${[]} onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })}
      overlays=${[{ id: "answer", kind: "geojson", data: places.value, look, ...(measure && { colour: colourOf(legend.value) }) }]}
      summary=${legendInWords(legend.value, measure ?? "", t)}>
      ${measure && html`<${MapLegend} legend=${legend.value} title=${measure} />`}
    <//>`}
    <div class="scrolled" tabindex="0" role="region" aria-label=${t("rows")}>
      <table>
        <caption>${t("rows.title", { count: numberText(rows.length, lang) })}</caption>
        <thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${rows.map((/** @type {any} */ row) => html`<tr>${columns.map((name) => html`<td>${cell(row[name], lang, name === measure)}</td>`)}</tr>`)}</tbody>
      </table>
    </div>`;
}

/**
 * @param {any} value
 * @param {string} lang
 * @param {boolean} number whether it is a measure, and not a name that is written in digits
 */
function cell(value, lang, number) {
  return number && typeof value === "number" ? numberText(value, lang) : (value ?? "");
}
