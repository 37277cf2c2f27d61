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
 * Return whether an instant lies before another.
 * @param {string} instant
 * @param {string} other
 */
export function isBefore(instant, other) {
  return Date.parse(instant) < Date.parse(other);
}
