// The records of a situation by what they are for; what is not there is said with its reason.
import { clockText } from "../../core/cityclock.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { numberText } from "../../core/format.js";
import { html, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { useNames, useWorkflow } from "../cases/logs.js";
import { Count } from "../count.js";
import { GROUPS, rowsNear, showRecord, wayOf } from "./records.js";

const COLUMNS = /** @type {Record<string, string[]>} */ ({
  place: ["what", "name", "code", "source"], people: ["what", "who", "collector", "source"],
  components: ["class", "distance_m", "status", "id", "department_name"], features: ["name", "layer", "distance_m"],
  cases: ["number", "clock", "class", "state", "due", "left", "distance_m"], events: ["what", "layer", "at", "distance_m"],
  repeats: ["first", "second", "score", "in", "why"], departments: ["what", "who", "name", "about"],
  "duty grids": ["duty", "collector", "cell", "layer"], nearest: ["name", "layer", "distance_m"],
});
const COUNTED = new Set(["events", "features", "components"]);
const FIRST_ROWS = 8;
const NUMBERS = new Set(["distance_m", "left", "score"]);
const INSTANTS = new Set(["at", "due", "time", "since"]);
const HIDDEN = new Set(["lon", "lat", "values", "log"]);

/** @typedef {{records: any[], more: number, reasons: string[]}} Part */

/** @param {{situation: any, days: number}} given */
export function Groups({ situation, days }) {
  const { t } = useConsole();
  return html`${GROUPS.map((group) => {
    const parts = /** @type {[string, Part][]} */ (Object.entries(situation[group]));
    const empty = parts.filter(([, part]) => !part.records.length);
    return html`<section class="group" key=${group} aria-labelledby=${`group-${group}`}>
      <h3 id=${`group-${group}`}>${t(`group.${group}`)}</h3>
      ${parts.filter(([, part]) => part.records.length).map(([name, part]) => html`<${PartTable} key=${name} name=${name} part=${part} situation=${situation} days=${days} />`)}
      ${empty.length > 0 && html`<ul class="absent">${empty.map(([name, part]) => html`<li>${t(`part.${name}`)}: ${t("situation.nothing")}${part.reasons.length ? ` (${part.reasons.join("; ")})` : ""}</li>`)}</ul>`}
    </section>`;
  })}`;
}

/** @param {{name: string, part: Part, situation: any, days: number}} given */
function PartTable({ name, part, situation, days }) {
  const { city, store, t, lang } = useConsole();
  const caseNames = useNames(useWorkflow(name === "cases" ? (part.records[0]?.log ?? "") : "").value);
  const [whole, setWhole] = useState(false);
  const shown = whole ? part.records : part.records.slice(0, FIRST_ROWS);
  const names = columnsOf(name, part.records);
  const columns = names.map((column) => ({ name: column, text: t(`field.${column}`), number: NUMBERS.has(column), wide: column === "why" || column === "what" || column === "name" }));
  const rows = shown.map((record) => {
    const cells = Object.fromEntries(names.map((column) => [column, cellOf(column, record[column], city, lang, t)]));
    if (name === "events" && !record.what) cells.what = eventText(record, lang);
    if ("name" in cells && !cells.name) cells.name = record.key ?? "";
    const lead = names.find((column) => cells[column]) ?? names[0];
    if (wayOf(situation, name, record)) {
      cells[lead] = html`<button type="button" class="link" onClick=${() => showRecord(store, situation, name, record)}>${cells[lead] || record.key || record.code}</button>`;
    }
    if (name === "cases") cells.state = caseNames.state(record.state);
    if (name === "cases") cells.clock = html`<span class=${`badge ${record.overdue ? "overdue" : "running"}`}>${record.overdue ? "⚠ " : ""}${t(record.overdue ? "clock.overdue" : record.due ? "clock.running" : "clock.off")}</span>`;
    return cells;
  });
  const counted = COUNTED.has(name);
  const caption = counted ? t(`part.${name}`) : `${t(`part.${name}`)}: ${numberText(part.records.length + part.more, lang)}`;
  return html`
    ${counted && html`<${Counts} name=${name} situation=${situation} part=${part} days=${name === "events" ? days : null} />`}
    <${Table} caption=${caption} hidden=${counted} columns=${columns} rows=${rows} />
    ${part.records.length > FIRST_ROWS && html`<button type="button" class="link" aria-expanded=${whole} onClick=${() => setWhole(!whole)}>${whole ? t("situation.fewer") : t("situation.all", { count: part.records.length })}</button>`}
    ${whole && part.more > 0 && html`<p class="note">${t("situation.more", { more: part.more })}</p>`}`;
}

/** How many each layer has there: numbers that lead to the rows. @param {{name: string, situation: any, part: Part, days: number | null}} given */
function Counts({ name, situation, part, days }) {
  const { api, city, t } = useConsole();
  const layers = [...new Set(part.records.map((record) => record.layer))].filter(Boolean);
  const questions = layers.map((layer) => rowsNear(situation, layer, days));
  const answer = useAnswer((signal) => (questions.length ? api.batch(questions.map((question) => ({ ...question, count: true })), { signal }).then((answers) => ({ answers, questions })) : undefined), [questions]);
  const found = answer.value;
  return html`<p class="near-counts" aria-busy=${questions.length > 0 && answer.waiting}><strong>${t(`part.${name}`)}</strong>${days === null ? "" : ` ${t("situation.events", { days })}`} ${found?.questions.map((question, number) => {
    const counted = found.answers[number];
    const title = titleOf(city, question.layer);
    return html`<span class="counted">${title} <${Count} value=${"rows" in counted ? counted.rows[0].count : null} question=${question} label=${title} /> </span>`;
  })}</p>`;
}

/**
 * @param {import("../../core/hooks.js").City} city
 * @param {string} layer
 */
function titleOf(city, layer) {
  return city.layers.find((each) => each.name === layer)?.title ?? layer;
}

/**
 * Return which fields of records are shown: those that any record has.
 * @param {string} part
 * @param {any[]} records
 */
function columnsOf(part, records) {
  const wished = COLUMNS[part] ?? [...new Set(records.flatMap((record) => Object.keys(record)))].filter((name) => !HIDDEN.has(name));
  const kept = wished.filter((name) => records.some((record) => record[name] !== null && record[name] !== undefined) || (part === "events" && name === "what"));
  if (!kept.includes("name") && (part === "features" || part === "nearest")) return ["name", ...kept];
  return kept;
}

/**
 * @param {string} name
 * @param {any} value
 * @param {import("../../core/hooks.js").City} city
 * @param {string} lang
 * @param {import("../../core/words.js").Translate} t
 */
function cellOf(name, value, city, lang, t) {
  if (value === null || value === undefined) return "";
  if (INSTANTS.has(name)) return clockText(value, city.zone);
  if (name === "layer" || name === "source") return titleOf(city, value);
  if (typeof value === "number") return numberText(value, lang, name === "distance_m" ? 0 : 2);
  if (name === "what") return t(`what.${value}`) === `what.${value}` ? value : t(`what.${value}`);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Return what an event without a class is, in the first few of its own words.
 * @param {any} record
 * @param {string} lang
 */
function eventText(record, lang) {
  const texts = Object.entries(record.values ?? {})
    .filter(([, value]) => typeof value === "string" && value !== record.key && !/^\d{4}-\d\d-\d\d/.test(value))
    .map(([, value]) => value);
  return texts.slice(0, 2).join(", ") || numberText(record.distance_m, lang);
}
