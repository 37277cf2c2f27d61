// Why a row is in the answer: where it comes from, since when it is known, and each condition.
import { layerOf } from "../../core/asked.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef } from "../../core/html.js";
import { clockText, instantText } from "../../core/format.js";
import { Failure } from "../failure.js";
import { FeatureVersions } from "./versions.js";

/**
 * @param {{question: import("../../core/question.js").Question, row: string, onClose: () => void}} given `row`: its key
 */
export function Why({ question, row, onClose }) {
  const { api, city, store, t } = useConsole();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  const why = useAnswer((signal) => api.post("/why", { ...question, key: row }, { signal }), [question, row]);
  const place = useAnswer((signal) => placeOf(api, question, row, signal), [question.layer, question.known_at, row]);
  const versioned = layerOf(city, question.layer)?.kind === "feature";
  return html`<aside class="why" aria-label=${t("why.title", { key: row })} aria-busy=${why.waiting}>
    <header><h3 ref=${heading} tabindex="-1">${t("why.title", { key: row })}</h3>
      <button type="button" class="quiet" onClick=${onClose} aria-label=${t("close")}>×</button></header>
    ${why.problem && html`<${Failure} problem=${why.problem} t=${t} />`}
    ${why.value && html`<p>${t(why.value.found ? "why.found" : "why.not-found")}</p>
      <ul class="conditions">${why.value.conditions.map((/** @type {any} */ { text, holds, how }, /** @type {number} */ at) => html`<li key=${at} class=${holds ? "holds" : "fails"}>
        <span aria-hidden="true">${holds ? "✓" : "✗"}</span> <span><span class="unseen">${t(holds ? "why.holds" : "why.fails")}: </span>${clockText(text)}${how && html` <em>${how}</em>`}</span></li>`)}
        ${!why.value.conditions.length && html`<li>${t("why.no-conditions")}</li>`}</ul>
      ${why.value.versions.map((/** @type {any} */ version, /** @type {number} */ at) => html`<dl key=${at} class="said-of">
        ${Object.entries(version).filter(([name, value]) => value !== null && value !== "" && !["st_x", "st_y"].includes(name)).map(([name, value]) => html`<div key=${name}><dt>${factName(name, t)}</dt><dd>${valueText(value)}</dd></div>`)}</dl>`)}`}
    <p class="actions">
      <button type="button" disabled=${!place.value} onClick=${() => store.set({ at: place.value }, { replace: true })}>${t("why.on-map")}</button>
      ${!place.waiting && !place.value && html`<span class="note">${t("why.no-place")}</span>`}
    </p>
    ${versioned && html`<${FeatureVersions} layer=${question.layer} row=${row} known=${question.known_at} />`}
  </aside>`;
}

/** @param {string} name @param {import("../../core/words.js").Translate} t */
function factName(name, t) {
  const plain = name.replace(/^st_/, "");
  const word = t(`fact.${plain}`);
  return word.startsWith("fact.") ? plain.replaceAll("_", " ") : word;
}

/** @param {any} value */
const valueText = (value) => (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? instantText(value) : typeof value === "object" ? JSON.stringify(value) : String(value));

/**
 * Return where a row is, `LON,LAT`: its point, or the middle of its shape's box.
 * @param {import("../../core/api.js").Api} api
 * @param {import("../../core/question.js").Question} question
 * @param {string} row
 * @param {AbortSignal} signal
 */
async function placeOf(api, question, row, signal) {
  const path = `/collections/${encodeURIComponent(question.layer)}/items`;
  const params = { filter: `key = '${row.replaceAll("'", "''")}'`, limit: 1, known: question.known_at, datetime: question.as_of ?? "1000-01-01T00:00:00Z/.." };
  const { features } = await api.get(path, { params, signal });
  const coordinates = features[0]?.geometry?.coordinates;
  if (!coordinates) return "";
  const numbers = coordinates.flat(Infinity);
  const width = dimensionOf(coordinates);
  const middle = (/** @type {number} */ axis) => {
    const along = numbers.filter((/** @type {number} */ _, /** @type {number} */ at) => at % width === axis);
    return (Math.min(...along) + Math.max(...along)) / 2;
  };
  return `${middle(0).toFixed(6)},${middle(1).toFixed(6)}`;
}

/** @param {any} coordinates @returns {number} */
const dimensionOf = (coordinates) => (Array.isArray(coordinates[0]) ? dimensionOf(coordinates[0]) : coordinates.length);
