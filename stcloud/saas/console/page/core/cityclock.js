// Instants on the city's clock, whatever offset they come with.
import { localText } from "./format.js";

/**
 * Return an instant on the city's clock, to the minute: `2024-03-01 07:05`.
 * @param {string | null | undefined} instant `2024-02-29T23:05:12Z`; without an offset it is the city's already
 * @param {string} zone
 */
export function clockText(instant, zone) {
  if (!instant) return "–";
  if (!/(Z|[+-]\d\d:?\d\d)$/.test(instant)) return instant.slice(0, 16).replace("T", " ");
  const milliseconds = Date.parse(instant);
  return Number.isNaN(milliseconds) ? instant : localText(milliseconds, zone).slice(0, 16).replace("T", " ");
}

/**
 * Return the instant that a text on the city's clock means, in UTC; empty: it is none.
 * @param {string} text `2024-03-01 07:05`, `2024-03-01`, or an instant with an offset
 * @param {string} zone
 */
export function instantOf(text, zone) {
  const [, day, time = "00:00"] = /^\s*(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?\s*$/.exec(text) ?? [];
  const local = Date.parse(day ? `${day}T${time}Z` : text);
  if (Number.isNaN(local)) return "";
  if (!day) return new Date(local).toISOString();
  let milliseconds = local;
  for (const _ of [1, 2]) milliseconds += local - Date.parse(`${localText(milliseconds, zone)}Z`); // twice: near a change of the clocks
  return new Date(milliseconds).toISOString();
}

/**
 * Return whether an instant lies before another.
 * @param {string} instant
 * @param {string} other
 */
export function isBefore(instant, other) {
  return Date.parse(instant) < Date.parse(other);
}
