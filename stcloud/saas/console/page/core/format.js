// Numbers, instants and days as people read them. Instants come with the city's offset, and are shown as they come.

/** @type {Map<string, any>} */
const formats = new Map();

/**
 * Return a format, made once: to make one costs a thousand times what its use does.
 * @template T
 * @param {string} kind
 * @param {string} of language or zone
 * @param {() => T} make
 * @param {string | number} [form]
 * @returns {T}
 */
export function formatOf(kind, of, make, form = "") {
  const key = `${kind} ${of} ${form}`;
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}

/**
 * Return a number as it is read.
 * @param {number | null | undefined} value
 * @param {string} lang
 * @param {number} [digits] most digits after the point
 */
export function numberText(value, lang, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return formatOf("number", lang, () => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }), digits).format(value);
}

/**
 * Return an instant on the city's clock, to the minute: `2024-03-01 07:05`.
 * @param {string | null | undefined} instant with an offset, such as `2024-03-01T07:05:12+08:00`
 */
export function instantText(instant) {
  return instant ? instant.slice(0, 16).replace("T", " ") : "–";
}

/**
 * Return an instant, given in UTC, on the clock of a zone: `2024-03-01T07:05:12`.
 * @param {number} milliseconds since 1970, UTC
 * @param {string} zone
 */
export function localText(milliseconds, zone) {
  const parts = formatOf("clock", zone, () => new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  })).formatToParts(milliseconds);
  const by = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${by.year}-${by.month}-${by.day}T${by.hour}:${by.minute}:${by.second}`;
}

/**
 * Return a text with its instants as people read them, on the city's clock, to the second where they have any.
 * @param {string} text
 */
export function clockText(text) {
  return text.replaceAll(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(?:[+-]\d\d:\d\d|Z)/g, (_, day, minute, second) =>
    `${day} ${minute}${second && second !== "00" ? `:${second}` : ""}`);
}

const DAY_MS = 86_400_000;

/**
 * Return the day some days after another, both as `2024-03-01`; of the calendar, so without zones.
 * @param {string} day
 * @param {number} days
 */
export function dayAfter(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Return how many days lie between two days.
 * @param {string} from
 * @param {string} to
 */
export function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}
