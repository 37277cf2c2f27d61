// Names of what answers are grouped by, and of their values: classes, units, weekdays, titles of columns.
import { useConsole } from "./hooks.js";
import { useMemo } from "./html.js";
import { formatOf } from "./format.js";
import { useDocument } from "./documents.js";
import { layerOf } from "./asked.js";

/**
 * @typedef {object} Naming
 * @property {(by: string) => string} of what a part of `by` is called
 * @property {(by: string, value: any) => string} value what a value of it is called
 * @property {(column: string) => string} column what a column is called
 * @property {(column: string) => boolean} coded whether a column holds codes of classes
 */

export const BINS = Object.freeze(["hour", "day", "week", "month", "quarter", "year", "weekday", "hour-of-day"]);
const UNITS = Object.freeze(["unit", "community", "street", "district"]);

/**
 * Return the name of a class in a language.
 * @param {{name: string, name_zh: string}} entry
 * @param {string} lang
 */
export const className = (entry, lang) => (lang === "zh" ? entry.name_zh || entry.name : entry.name || entry.name_zh);

/**
 * Return what names groups and values of a layer.
 * @param {import("./documents.js").LayerDocument | undefined} layer
 * @returns {Naming}
 */
export function useNaming(layer) {
  const { city, lang, t } = useConsole();
  const coded = layer?.columns.some(({ classes }) => classes);
  const classes = useDocument(coded ? "/classes" : undefined).value;
  const grids = useDocument(city.grids.length ? "/grids" : undefined).value;
  return useMemo(() => {
    const units = new Map(grids?.grids.flatMap((/** @type {any} */ grid) => grid.areas.map((/** @type {any} */ area) => [`${area.kind} ${area.code}`, area.name])) ?? []);
    const columns = new Map(layer?.columns.map((column) => [column.name, column]) ?? []);
    const column = (/** @type {string} */ name) => columns.get(name)?.title || name;
    return {
      column,
      coded: (name) => Boolean(columns.get(name)?.classes),
      of: (by) => byName(by, columns.has(unquoted(by)), column, city, t),
      value(by, value) {
        if (value === null || value === "") return t("no-value");
        const of = columns.get(unquoted(by));
        if (of?.classes) return classText(classes, of.classes, String(value), lang);
        if (!of && UNITS.includes(by)) return String(units.get(`${by} ${value}`) || value);
        if (!of && by === "weekday") return weekdayName(Number(value), lang);
        if (!of && by === "hour-of-day") return hourName(Number(value));
        if (!of && by === "hour") return String(value).slice(0, 16).replace("T", " ");
        return typeof value === "boolean" ? t(`is.${value}`) : String(value);
      },
    };
  }, [layer, classes, grids, lang, t]);
}

/** @param {string} by */
export const unquoted = (by) => (/^".*"$/s.test(by) ? by.slice(1, -1).replaceAll('""', '"') : by);

/**
 * Return a column as `by` takes it: in quotes where it is called as a bin or a unit is.
 * @param {string} column
 */
export const byColumn = (column) =>
  [...BINS, ...UNITS].includes(column) || /[":,=]/.test(column) || column !== column.trim() ? `"${column.replaceAll('"', '""')}"` : column;

/**
 * @param {string} by
 * @param {boolean} isColumn
 * @param {(name: string) => string} column
 * @param {import("./hooks.js").City} city
 * @param {import("./words.js").Translate} t
 */
function byName(by, isColumn, column, city, t) {
  if (isColumn) return column(unquoted(by));
  if (BINS.includes(by) || UNITS.includes(by)) return t(`grouped.${by}`);
  const [form, rest = ""] = by.split(/:(.*)/s);
  if (form === "in") return layerOf(city, rest.split(".")[0])?.title ?? rest;
  return form === "cell" ? t("grouped.cell", { size: rest }) : by;
}

/** @param {any} document @param {string} scheme @param {string} code @param {string} lang */
function classText(document, scheme, code, lang) {
  const entry = classIn(document, scheme, code);
  return entry ? className(entry, lang) : code;
}

/**
 * Return the class of a code; undefined: it is not known.
 * @param {any} document of `GET /classes`
 * @param {string} scheme such as `matter-2026`
 * @param {string} code
 */
export function classIn(document, scheme, code) {
  for (const tree of document?.schemes ?? []) {
    if (`${tree.kind}-${tree.edition}` !== scheme) continue;
    for (const major of tree.classes) {
      if (major.code === code) return major;
      const minor = major.classes.find((/** @type {any} */ each) => each.code === code);
      if (minor) return minor;
    }
  }
  return undefined;
}

/** As questions write them. */
export const WEEKDAYS = Object.freeze(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
export const MONTHS = Object.freeze(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]);

/** @param {number} weekday 1 is Monday @param {string} lang @param {"short" | "long"} [style] */
export const weekdayName = (weekday, lang, style = "short") => weekdayNames(lang, style)[weekday - 1];

/** @param {string} lang @param {"short" | "long"} style @returns {string[]} from Monday on */
const weekdayNames = (lang, style) => formatOf("weekdays", lang, () => {
  const format = new Intl.DateTimeFormat(lang, { weekday: style, timeZone: "UTC" });
  return WEEKDAYS.map((_, at) => format.format(Date.UTC(2024, 0, at + 1)));
}, style);

/** @param {number} month from 1 @param {string} lang @param {"short" | "long"} [style] */
export const monthName = (month, lang, style = "short") =>
  formatOf("month", lang, () => new Intl.DateTimeFormat(lang, { month: style, timeZone: "UTC" }), style).format(Date.UTC(2024, month - 1, 1));

/** @param {number} hour */
export const hourName = (hour) => `${String(hour).padStart(2, "0")}:00`;
