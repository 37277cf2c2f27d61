// Parts of a question in words: a condition, a place, a period, a narrowing.
import { layerOf } from "../../core/asked.js";
import { conditionOf } from "../../core/condition.js";
import { useFeatureName } from "../../core/features.js";
import { dayAfter } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { monthName, MONTHS, weekdayName, WEEKDAYS } from "../../core/naming.js";
import { placeOf } from "../../core/place.js";

/** @typedef {import("../../core/words.js").Translate} Translate */

/**
 * Return a filter in words; one that no form holds as it is written.
 * @param {string} filter
 * @param {import("../../core/naming.js").Naming} naming
 * @param {Translate} t
 */
export function filterWords(filter, naming, t) {
  const condition = conditionOf(filter);
  if (!condition) return filter;
  const { operator, values, unit = "days" } = condition;
  const column = naming.column(condition.column);
  if (operator === "lasting") {
    const [from, below] = values;
    const form = from && below ? "within" : from ? "least" : "below";
    return t(`lasting.${form}`, { end: column, from, below, unit: t(`unit.${unit}`) });
  }
  const named = operator === "is" || operator === "class" || operator === "begins" ? values.map((value) => naming.value(condition.column, value)) : values;
  const shown = named.length > 4 ? [...named.slice(0, 3), t("more", { n: named.length - 3 })] : named;
  const ofClass = naming.coded(condition.column) && (operator === "is" || operator === "begins");
  const last = operator === "between" || operator === "days" ? t("to") : t("or");
  return `${column} ${t(ofClass ? "op.class" : `op.${operator}`)} ${shown.join(last)}`.trim();
}

/**
 * Return a period in words: `June 2024`.
 * @param {string} text as `when` takes it
 * @param {string} lang
 * @param {Translate} t
 */
export function whenWords(text, lang, t) {
  const month = /^(\d{4})-(\d\d)$/.exec(text);
  if (month) return t("when.month-of", { month: monthName(Number(month[2]), lang, "long"), year: month[1] });
  const quarter = /^(\d{4})-Q([1-4])$/.exec(text);
  if (quarter) return t("when.quarter-of", { quarter: quarter[2], year: quarter[1] });
  const days = /^(\d{4}-\d\d-\d\d)\/(\d{4}-\d\d-\d\d)$/.exec(text);
  if (days) return t("when.days", { first: days[1], last: dayAfter(days[2], -1) });
  const open = /^(.+)\/\.\.$/.exec(text);
  if (open) return t("when.since", { first: open[1] });
  if (text.startsWith("../")) return t("when.before", { last: text.slice(3) });
  return text.includes(" ") || text.endsWith("day") ? relativeWords(text, t) : text.replace("T", " ").replace("/", " – ");
}

/** @param {string} text @param {Translate} t */
function relativeWords(text, t) {
  const counted = /^last (\d+) days$/.exec(text);
  if (counted) return t("when.last-days", { n: counted[1] });
  const words = t(`when.${text.replaceAll(" ", "-")}`);
  return words.startsWith("when.") ? text : words;
}

/**
 * Return recurring times in words.
 * @param {"weekdays" | "hours" | "months" | "seasons" | "days"} field
 * @param {string} text
 * @param {string} lang
 * @param {Translate} t
 */
export function recurringWords(field, text, lang, t) {
  const parts = text.split(",").map((part) => part.trim());
  const day = (/** @type {string} */ word) => (WEEKDAYS.includes(word) ? weekdayName(WEEKDAYS.indexOf(word) + 1, lang) : word);
  const month = (/** @type {string} */ word) => (MONTHS.includes(word) ? monthName(MONTHS.indexOf(word) + 1, lang) : /^\d+$/.test(word) ? monthName(Number(word), lang) : word);
  const ranged = (/** @type {(word: string) => string} */ name) => parts.map((part) => part.toLowerCase().split("-").map(name).join("–")).join(t("list"));
  if (field === "weekdays") return ranged(day);
  if (field === "months") return ranged(month);
  if (field === "seasons") return parts.map((part) => t(`season.${part}`)).join(t("list"));
  return field === "days" ? t(`days.${text}`) : text.replaceAll("-", "–");
}

/**
 * A place in words; a feature by its name.
 * @param {{text: string}} given
 */
export function PlaceWords({ text }) {
  const { city, t } = useConsole();
  const place = placeOf(text, (name) => layerOf(city, name) !== undefined);
  const name = useFeatureName(place.form === "feature" || place.form === "near" ? place.layer : undefined, place.key ?? "");
  const title = place.layer ? (layerOf(city, place.layer)?.title ?? place.layer) : "";
  const distance = (place.distance ?? "").replace(/(\d)(k?m)$/, "$1 $2");
  if (place.form === "text") return html`<span class="code">${text}</span>`;
  const words = t(`place.is.${place.form}`, { name, layer: title, distance, point: place.point ?? "", prefix: place.prefix ?? "" });
  return html`<span>${words}</span>`;
}
