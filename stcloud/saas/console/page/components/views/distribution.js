// How long it took: how many within each time, the median, and how many are not at an end.
import { filterText, quotedName } from "../../core/condition.js";
import { Problem } from "../../core/api.js";
import { numberText } from "../../core/format.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { useNarrowing } from "../../core/narrowing.js";
import { durationsOf } from "../question/conditionform.js";
import { BarList, barPicture, barTable } from "./barlist.js";
import { View } from "./view.js";

/** Limits of a bin: from, below, unit. @type {[string, string, "hours" | "days"][]} */
const BINS = [
  ["", "0", "hours"], ["0", "1", "hours"], ["1", "4", "hours"], ["4", "24", "hours"], ["1", "2", "days"], ["2", "4", "days"],
  ["4", "7", "days"], ["7", "14", "days"], ["14", "30", "days"], ["30", "90", "days"], ["90", "", "days"],
];

/**
 * @param {{base: import("../../core/question.js").Question, layer: import("../../core/documents.js").LayerDocument,
 *   naming: import("../../core/naming.js").Naming, ready: boolean}} given `ready`: the other views have their numbers
 */
export function Distribution({ base, layer, naming, ready }) {
  const { api, t, lang } = useConsole();
  const narrowing = useNarrowing();
  const durations = durationsOf(layer);
  const [chosen, setChosen] = useState(0);
  const duration = durations[chosen] ?? durations[0];
  const filters = duration ? filtersOf(duration) : [];
  const lasted = duration && `days(${quotedName(duration.end)} - ${quotedName(duration.start)})`;
  const summary = { ...base, measure: ["count", `median = median(${lasted})`, `p90 = p90(${lasted})`, `mean = mean(${lasted})`] };
  const questions = [summary, ...filters.map(({ filter }) => ({ ...base, what: [...(base.what ?? []), filter], count: true }))];
  const coming = useAnswer((signal) => (ready && duration ? api.batch(questions, { signal }).then((answers) => ({ answers, base, filters, questions })) : undefined), [questions, ready]);
  if (!duration) return null;
  if (!coming.value && !coming.problem) return html`<div aria-busy=${coming.waiting}></div>`;
  const title = t("distribution.title", { end: naming.column(duration.end) });
  const choice = durations.length > 1 && html`<select aria-label=${t("distribution.choice")} value=${durations.indexOf(duration)} onChange=${(/** @type {any} */ event) => setChosen(Number(event.target.value))}>
    ${durations.map(({ end }, at) => html`<option value=${at}>${naming.column(end)}</option>`)}</select>`;
  const answers = /** @type {any[]} */ (coming.value?.answers ?? [coming.problem]);
  const whole = answers.find((answer) => answer instanceof Problem) ?? answers[0];
  const of = coming.value ?? { base, filters: [] };
  const bars = whole instanceof Problem ? [] : of.filters.flatMap(({ filter, words }, at) => {
    const count = answers[at + 1].rows[0].count;
    if (!count && at === 0) return []; // nothing ended before it began
    return [{ key: filter, name: t(words.word, words.values), count, question: { ...of.base, what: [...(of.base.what ?? []), filter] }, onChoose: (/** @type {any} */ event) => narrowing.by(event, of.base, filter) }];
  });
  const { median, p90, mean } = whole.rows?.[0] ?? {};
  return html`<div aria-busy=${coming.waiting}>
    <${View} name="distribution" title=${title} question=${coming.value?.questions[0] ?? summary} answer=${whole} heading=${choice ? t("distribution.heading") : title} choice=${choice}
      table=${() => barTable({ caption: title, heading: t("duration"), count: t("count"), bars })} picture=${() => barPicture(bars, lang)}>
      ${median !== null && html`<p class="facts-line">${t("distribution.summary", { median: numberText(median, lang), p90: numberText(p90, lang), mean: numberText(mean, lang) })}</p>`}
      <${BarList} label=${title} bars=${bars} />
    <//>
  </div>`;
}

/** @param {{end: string, start: string}} duration */
function filtersOf({ end, start }) {
  const bins = BINS.map(([from, below, unit]) => ({
    filter: filterText({ column: end, operator: "lasting", values: [from, below], start, unit }),
    words: { word: from && below ? `bin.${unit}` : below ? "bin.negative" : "bin.over", values: { from, below } },
  }));
  return [...bins, { filter: filterText({ column: end, operator: "empty", values: [] }), words: { word: "bin.open", values: {} } }];
}
