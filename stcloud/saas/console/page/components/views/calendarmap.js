// When in the year: weeks by days; of many years, years by months.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { monthName, weekdayName } from "../../core/naming.js";
import { useNarrowing } from "../../core/narrowing.js";
import { ofGroup } from "../../core/question.js";
import { binName, binStart } from "../../core/span.js";
import { Count } from "../count.js";
import { HeatGrid, heatPicture } from "./heatgrid.js";
import { View } from "./view.js";

const DAY_MS = 86_400_000;

/** @param {{plan: import("./plan.js").Plan, answer: import("../../core/api.js").Answer, measure: string}} given */
export function CalendarMap({ plan, answer, measure }) {
  const { t, lang } = useConsole();
  const narrowing = useNarrowing();
  const { base, field, daysBy, span } = plan;
  const known = new Map((answer.rows ?? []).filter((row) => row[daysBy] !== null).map((row) => [row[daysBy], row]));
  const highest = Math.max(0, ...[...known.values()].map((row) => row[field] ?? 0));
  const { rows, columns, textAt } = daysBy === "day" ? weeksOf(span, lang) : yearsOf(span, lang);
  const cell = (/** @type {number} */ y, /** @type {number} */ x) => {
    const text = textAt(y, x);
    if (!text) return undefined;
    const row = known.get(text);
    const group = { [daysBy]: text };
    return { value: row ? row[field] : field === "count" ? 0 : null, count: row?.count ?? 0, name: nameOf(text, lang), group, question: ofGroup(base, group) };
  };
  const title = t(`calendar.title.${daysBy}`, { measure });
  const table = () => ({
    caption: title,
    columns: [t(`grouped.${daysBy}`), t("count"), ...(field === "value" ? [measure] : [])],
    rows: [...known.entries()].map(([text, row]) => [nameOf(text, lang),
      html`<${Count} value=${row.count} question=${ofGroup(base, { [daysBy]: text })} label=${nameOf(text, lang)} />`,
      ...(field === "value" ? [numberText(row.value, lang)] : [])]),
  });
  return html`<${View} name="calendar" wide=${columns.length > 27} title=${title} question=${plan.questions.days} answer=${answer} table=${table}
    picture=${() => heatPicture({ rows, columns, cell, highest, size: daysBy === "day" ? [14, 14] : [40, 22] })}>
    <${HeatGrid} label=${title} rows=${rows} columns=${columns} cell=${cell} highest=${highest}
      onChoose=${(/** @type {import("./heatgrid.js").Cell} */ chosen, /** @type {any} */ event) => narrowing.to(event, base, chosen.group)} />
  <//>`;
}

/** @param {string} text of a day or a month @param {string} lang */
const nameOf = (text, lang) =>
  text.length === 10 ? `${text} ${weekdayName(((new Date(`${text}T00:00:00Z`).getUTCDay() + 6) % 7) + 1, lang)}` : text;

/**
 * Weeks from Monday on, side by side; the first of a month is written above.
 * @param {import("../../core/span.js").Span} span
 * @param {string} lang
 */
function weeksOf(span, lang) {
  const first = binStart(span.from, "week");
  const count = Math.max(1, Math.ceil((span.to - first) / (7 * DAY_MS)));
  const columns = [...Array(count).keys()].map((x) => {
    const monday = first + x * 7 * DAY_MS;
    const day = new Date(monday + 6 * DAY_MS);
    const month = day.getUTCDate() <= 7 ? monthName(day.getUTCMonth() + 1, lang) : "";
    return { key: monday, name: month && day.getUTCMonth() === 0 ? String(day.getUTCFullYear()) : month, full: binName(monday, "week") };
  });
  const rows = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ key: weekday, name: weekdayName(weekday, lang) }));
  const textAt = (/** @type {number} */ y, /** @type {number} */ x) => {
    const at = first + (x * 7 + y) * DAY_MS;
    return at + DAY_MS > span.from && at < span.to ? binName(at, "day") : undefined;
  };
  return { rows, columns, textAt };
}

/**
 * Years by months.
 * @param {import("../../core/span.js").Span} span
 * @param {string} lang
 */
function yearsOf(span, lang) {
  const first = new Date(span.from).getUTCFullYear();
  const last = new Date(span.to - 1).getUTCFullYear();
  const rows = [...Array(last - first + 1).keys()].map((at) => ({ key: first + at, name: String(first + at) }));
  const columns = [...Array(12).keys()].map((at) => ({ key: at, name: monthName(at + 1, lang), full: monthName(at + 1, lang, "long") }));
  const textAt = (/** @type {number} */ y, /** @type {number} */ x) => `${first + y}-${String(x + 1).padStart(2, "0")}`;
  return { rows, columns, textAt };
}
