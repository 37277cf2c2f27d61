// Where the bins of a calendar lie on a time axis. Clock times are laid out as if they were UTC: an axis has no zones.
import { localText } from "./format.js";

/** @typedef {{from: number, to: number}} Span half-open, milliseconds of the clock */
/** @typedef {"hour" | "day" | "week" | "month" | "quarter" | "year"} Bin */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @param {number} year @param {number} month from 0 @param {number} [day] */
const dayOf = (year, month, day = 1) => Date.UTC(year, month, day);

/**
 * Return the first Monday of an ISO week's year, shifted to a week.
 * @param {number} year
 * @param {number} week
 */
function weekOf(year, week) {
  const fourth = dayOf(year, 0, 4);
  const weekday = (new Date(fourth).getUTCDay() + 6) % 7;
  return fourth - weekday * DAY_MS + (week - 1) * 7 * DAY_MS;
}

/** @type {[RegExp, (parts: number[]) => Span][]} */
const FORMS = [
  [/^(\d{4})$/, ([year]) => ({ from: dayOf(year, 0), to: dayOf(year + 1, 0) })],
  [/^(\d{4})-Q([1-4])$/, ([year, quarter]) => ({ from: dayOf(year, quarter * 3 - 3), to: dayOf(year, quarter * 3) })],
  [/^(\d{4})-(\d\d)$/, ([year, month]) => ({ from: dayOf(year, month - 1), to: dayOf(year, month) })],
  [/^(\d{4})-W(\d\d)$/, ([year, week]) => ({ from: weekOf(year, week), to: weekOf(year, week) + 7 * DAY_MS })],
  [/^(\d{4})-(\d\d)-(\d\d)$/, ([year, month, day]) => ({ from: dayOf(year, month - 1, day), to: dayOf(year, month - 1, day + 1) })],
  [/^(\d{4})-(\d\d)-(\d\d)T(\d\d)(?::00(?::00)?)?(?:Z|[+-]\d\d:?\d\d)?$/, ([year, month, day, hour]) => {
    const from = dayOf(year, month - 1, day) + hour * HOUR_MS;
    return { from, to: from + HOUR_MS };
  }],
];

/**
 * Return where a period lies on the axis, as it is written in `when` or in a bin's field; undefined: it has another form.
 * @param {string} text
 * @returns {Span | undefined}
 */
export function spanOf(text) {
  for (const [form, read] of FORMS) {
    const found = form.exec(text);
    if (found) return read(found.slice(1).map(Number));
  }
  const [first, last, ...more] = text.split("/");
  if (last === undefined || more.length) return undefined;
  const from = spanOf(first)?.from ?? clockOf(first);
  const to = spanOf(last)?.from ?? clockOf(last);
  return from === undefined || to === undefined || to <= from ? undefined : { from, to };
}

/** @param {string} text */
function clockOf(text) {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d))?/.exec(text);
  return found ? Date.parse(`${found[1]}:${found[2] ?? "00"}Z`) : undefined;
}

const LAST = /^last (\d+) (day|week|month|quarter|year)s$/;
const DAYS = { day: 1, week: 7, month: 31, quarter: 92, year: 366 };

/**
 * Return the time that a state's question is about, as far as an axis needs it.
 * @param {import("./state.js").State} state
 * @param {Record<string, any> | undefined} layer
 * @param {string} zone
 * @returns {Span}
 */
export function stateSpan(state, layer, zone) {
  const all = layerSpan(layer, zone);
  const spans = state.when.map((text) => spanOf(text) ?? relativeSpan(text, state.known) ?? openSpan(text, all));
  const union = spans.length ? { from: Math.min(...spans.map(({ from }) => from)), to: Math.max(...spans.map(({ to }) => to)) } : all;
  return state.group.reduce((within, text) => {
    const [by, value] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
    const bin = ["hour", "day", "week", "month", "quarter", "year"].includes(by) ? spanOf(value) : undefined;
    return bin ? { from: Math.max(within.from, bin.from), to: Math.max(Math.min(within.to, bin.to), bin.from + HOUR_MS) } : within;
  }, union);
}

/**
 * Return the time that a layer has rows of, in whole days.
 * @param {Record<string, any> | undefined} layer
 * @param {string} zone
 * @returns {Span}
 */
export function layerSpan(layer, zone) {
  if (!layer?.first || !layer.last) return { from: dayOf(2000, 0), to: dayOf(2000, 0) + DAY_MS };
  const key = `${zone} ${layer.first} ${layer.last}`;
  let span = layerSpans.get(key);
  if (!span) {
    const [from, to] = [layer.first, layer.last].map((at) => Date.parse(`${localText(Date.parse(at), zone).slice(0, 10)}T00:00:00Z`));
    span = { from, to: to + DAY_MS };
    layerSpans.set(key, span);
  }
  return span;
}

/** Those that were wanted before: each is, whenever anything changes. @type {Map<string, Span>} */
const layerSpans = new Map();

/** @param {string} text @param {string} known @returns {Span | undefined} */
function relativeSpan(text, known) {
  const now = Date.parse(`${known.slice(0, 16)}Z`);
  const found = LAST.exec(text);
  const days = found ? Number(found[1]) * DAYS[/** @type {keyof typeof DAYS} */ (found[2])] : DAYS[/** @type {keyof typeof DAYS} */ (text.split(" ").at(-1) ?? "")];
  return days ? { from: now - days * DAY_MS, to: now + HOUR_MS } : undefined;
}

/** @param {string} text @param {Span} all @returns {Span} */
function openSpan(text, all) {
  const [first, last = ""] = text.split("/");
  return { from: spanOf(first)?.from ?? all.from, to: spanOf(last)?.from ?? all.to };
}

/** Longest spans that a bin is chosen for. @type {[number, Bin][]} */
const LONGEST = [[4 * DAY_MS, "hour"], [130 * DAY_MS, "day"], [3 * 366 * DAY_MS, "week"], [30 * 366 * DAY_MS, "month"]];

/**
 * Return the bin by which a span is best seen.
 * @param {Span} span
 * @returns {Bin}
 */
export const binOf = ({ from, to }) => LONGEST.find(([longest]) => to - from <= longest)?.[1] ?? "year";

/**
 * Return where the bin after another begins.
 * @param {number} from
 * @param {Bin} bin
 */
export function nextBin(from, bin) {
  if (bin === "hour") return from + HOUR_MS;
  if (bin === "day") return from + DAY_MS;
  if (bin === "week") return from + 7 * DAY_MS;
  const day = new Date(from);
  const months = { month: 1, quarter: 3, year: 12 }[bin];
  return dayOf(day.getUTCFullYear(), day.getUTCMonth() + months);
}

/**
 * Return the name of the bin that holds a clock time, as answers write it; of an hour without its offset.
 * @param {number} at
 * @param {Bin} bin
 */
export function binName(at, bin) {
  const iso = new Date(at).toISOString();
  if (bin === "hour") return iso.slice(0, 13) + ":00";
  if (bin === "day") return iso.slice(0, 10);
  if (bin === "month") return iso.slice(0, 7);
  if (bin === "year") return iso.slice(0, 4);
  if (bin === "quarter") return `${iso.slice(0, 4)}-Q${Math.floor(new Date(at).getUTCMonth() / 3) + 1}`;
  const thursday = new Date(at + (3 - ((new Date(at).getUTCDay() + 6) % 7)) * DAY_MS);
  const week = Math.floor((thursday.getTime() - dayOf(thursday.getUTCFullYear(), 0)) / (7 * DAY_MS)) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}

/**
 * Return where the bin begins that holds a clock time.
 * @param {number} at
 * @param {Bin} bin
 */
export const binStart = (at, bin) => spanOf(binName(at, bin))?.from ?? at;

/**
 * Return a span as `when` takes it: by days where it is of whole days.
 * @param {Span} span
 */
export function whenText({ from, to }) {
  const days = from % DAY_MS === 0 && to % DAY_MS === 0;
  const text = (/** @type {number} */ at) => new Date(at).toISOString().slice(0, days ? 10 : 16);
  if (days && to - from === DAY_MS) return text(from);
  return `${text(from)}/${text(to)}`;
}

/**
 * Return the parts of periods that lie in a span, as `when` takes them; without periods the span.
 * @param {string[]} when
 * @param {Span} span
 * @returns {string[]}
 */
export function whenWithin(when, span) {
  const spans = when.map(spanOf);
  if (!spans.length || spans.some((each) => each === undefined)) return [whenText(span)];
  const parts = /** @type {Span[]} */ (spans).map(({ from, to }) => ({ from: Math.max(from, span.from), to: Math.min(to, span.to) }));
  return parts.filter(({ from, to }) => from < to).map(whenText);
}

/**
 * Return the period before another, or that a year earlier, where it is plain which the service takes: one of whole
 * months or days; undefined else.
 * @param {string} text
 * @param {string} compare `previous`, `year`
 * @returns {string | undefined}
 */
export function earlierWhen(text, compare) {
  const span = /T|Z$/.test(text) ? undefined : spanOf(text);
  if (!span) return undefined;
  const [from, to] = [new Date(span.from), new Date(span.to)];
  const ofMonths = from.getUTCDate() === 1 && to.getUTCDate() === 1;
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  if (compare === "previous" && !ofMonths) return whenText({ from: 2 * span.from - span.to, to: span.from });
  const ofWeeks = from.getUTCDay() === 1 && to.getUTCDay() === 1;
  const leap = [from, to].some((day) => day.getUTCMonth() === 1 && day.getUTCDate() === 29);
  if (!ofMonths && (ofWeeks || leap)) return undefined;
  const back = (/** @type {Date} */ day) => dayOf(day.getUTCFullYear(), day.getUTCMonth() - (compare === "year" ? 12 : months), day.getUTCDate());
  return whenText({ from: back(from), to: back(to) });
}
