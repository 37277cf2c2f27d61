// The loads of a layer as marks of recorded time, and where an instant lies between them.
import { localText } from "./format.js";

/** @typedef {{load: string, mode: string, recorded: string, file: string | null, [count: string]: any}} Load of `GET /layers/NAME` */

/**
 * Return an instant in microseconds, UTC; not a number: it is written otherwise, such as `yesterday`.
 * @param {string} text with an offset, or on the city's clock, from the year on
 * @param {string} zone
 */
export function microsecondsOf(text, zone) {
  const parts = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text.trim());
  if (!parts) return NaN;
  const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00", fraction = "", offset] = parts;
  const clock = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const micros = Number(fraction.padEnd(6, "0"));
  return (clock - (offset ? offsetMs(offset) : zoneMs(clock, zone))) * 1000 + micros;
}

/** @param {string} offset */
function offsetMs(offset) {
  if (offset === "Z") return 0;
  const [hours, minutes] = [offset.slice(1, 3), offset.slice(-2)].map(Number);
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** How far the clock of a zone is ahead of UTC. @param {number} clock @param {string} zone */
const zoneMs = (clock, zone) => Date.parse(`${localText(clock, zone)}Z`) - clock;

/**
 * Return after how many of the loads an instant lies; those at it are known then.
 * @param {Load[]} loads oldest first
 * @param {string} known
 * @param {string} zone
 */
export function loadsBefore(loads, known, zone) {
  const at = microsecondsOf(known, zone);
  return loads.filter(({ recorded }) => microsecondsOf(recorded, zone) <= at).length;
}
