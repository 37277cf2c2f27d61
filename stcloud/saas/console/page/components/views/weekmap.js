// When in the week: days of the week by hours of the day.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { hourName, weekdayName } from "../../core/naming.js";
import { useNarrowing } from "../../core/narrowing.js";
import { ofGroup } from "../../core/question.js";
import { Count } from "../count.js";
import { HeatGrid, heatPicture } from "./heatgrid.js";
import { View } from "./view.js";

const HOURS = [...Array(24).keys()];
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];

/** @param {{plan: import("./plan.js").Plan, answer: import("../../core/api.js").Answer, measure: string}} given */
export function WeekMap({ plan, answer, measure }) {
  const { t, lang } = useConsole();
  const narrowing = useNarrowing();
  const { base, field } = plan;
  const known = new Map((answer.rows ?? []).map((row) => [`${row.weekday} ${row.hour_of_day}`, row]));
  const highest = Math.max(0, ...[...known.values()].map((row) => row[field] ?? 0));
  const rows = WEEKDAYS.map((weekday) => ({ key: weekday, name: weekdayName(weekday, lang) }));
  const columns = HOURS.map((hour) => ({ key: hour, name: hour % 3 ? "" : String(hour).padStart(2, "0"), full: hourName(hour) }));
  const cell = (/** @type {number} */ y, /** @type {number} */ x) => {
    const group = { weekday: WEEKDAYS[y], "hour-of-day": HOURS[x] };
    const row = known.get(`${WEEKDAYS[y]} ${HOURS[x]}`);
    const name = `${weekdayName(WEEKDAYS[y], lang, "long")} ${hourName(HOURS[x])}–${hourName(HOURS[x] + 1)}`;
    return { value: row ? row[field] : field === "count" ? 0 : null, count: row?.count ?? 0, name, group, question: ofGroup(base, group) };
  };
  const title = t("week.title", { measure });
  const table = () => ({
    caption: title,
    columns: [t("grouped.weekday"), ...HOURS.map(hourName)],
    rows: rows.map(({ name }, y) => [name, ...HOURS.map((_, x) => {
      const { value, count, question, name: label } = cell(y, x);
      return field === "count" ? html`<${Count} value=${count} question=${question} label=${label} />` : numberText(value, lang);
    })]),
  });
  return html`<${View} name="week" title=${title} question=${plan.questions.week} answer=${answer} table=${table}
    picture=${() => heatPicture({ rows, columns, cell, highest, size: [22, 22] })}>
    <${HeatGrid} label=${title} rows=${rows} columns=${columns} cell=${cell} highest=${highest}
      onChoose=${(/** @type {import("./heatgrid.js").Cell} */ chosen, /** @type {any} */ event) => narrowing.to(event, base, chosen.group)} />
  <//>`;
}
