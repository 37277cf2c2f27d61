// The cases of a number of an evaluation, page by page: as many as the number says.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { Choice } from "../board/controls.js";
import { show } from "../board/shown.js";
import { Table } from "../board/table.js";
import { Failure } from "../failure.js";
import { titleOf, useLabels } from "./evaluationtable.js";

const PAGE_CASES = 50;

/**
 * @param {{asked: any, found: any, state: import("../../core/state.js").State, onCases: (cases: import("./logs.js").CaseEntry[]) => void}} given
 *   `state.drill`: which number; `onCases`: those of the page that is shown
 */
export function NumberCases({ asked, found, state, onCases }) {
  const { api, city, store, t, lang } = useConsole();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const [pages, setPages] = useState([""]);
  const drill = JSON.parse(state.drill);
  const by = asked.by[0];
  const label = useLabels(by);
  const { times: _times, compare: _compare, ...document } = asked;
  const wished = { ...document, indicators: undefined, indicator: drill.indicator, part: drill.part, group: drill.group ?? {}, limit: PAGE_CASES, ...(pages.at(-1) && { after: pages.at(-1) }) };
  const answer = useAnswer((signal) => api.post("/evaluations/cases", wished, { signal }), [wished]);
  useEffect(() => show(heading.current), [Boolean(answer.value)]);
  useEffect(() => onCases((answer.value?.cases ?? []).map(entryOf)), [answer.value]);
  const indicator = found?.indicators.find((/** @type {any} */ each) => each.name === drill.indicator);
  const count = answer.value?.count;
  const rate = indicator?.unit === "rate";
  const columns = [
    { name: "number", text: t("case") }, { name: "department", text: t("case.department") }, { name: "class", text: t("case.class") },
    { name: "reported", text: t("case.opened") }, { name: "due", text: t("field.due") }, { name: "closed", text: t("evaluation.closed") },
  ];
  const rows = (answer.value?.cases ?? []).map((/** @type {any} */ each) => ({
    key: each.number, department: each.department, class: each.class,
    number: html`<button type="button" class="link" aria-pressed=${each.number === state.case} onClick=${() => store.set({ case: each.number })}>${each.number}</button>`,
    reported: clockText(each.reported_at, city.zone), due: clockText(each.due_at, city.zone), closed: clockText(each.closed_at, city.zone),
  }));
  return html`<section class="pane" aria-labelledby="number-title" aria-busy=${answer.waiting}>
    <h2 id="number-title" tabindex="-1" ref=${heading} data-case-rows=${count}>${t("evaluation.cases", { count: numberText(count, lang), indicator: indicator ? titleOf(indicator, lang) : drill.indicator })}</h2>
    <p class="note">${drill.group ? `${t(`by.${by}`)}: ${label(drill.group[by])}` : t("evaluation.all")}</p>
    <div class="controls">
      ${rate && html`<${Choice} label=${t("evaluation.part")} value=${drill.part} options=${["numerator", "denominator", "difference"].map((value) => ({ value, text: t(`part.of.${value}`) }))}
        onChange=${(/** @type {string} */ part) => store.set({ drill: JSON.stringify({ ...drill, part }) })} />`}
      <button type="button" onClick=${() => store.set({ drill: "", case: "" })}>${t("close")}</button>
    </div>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${answer.value && html`<${Table} caption=${t("evaluation.cases.table")} hidden=${true} columns=${columns} rows=${rows} chosen=${(/** @type {any} */ row) => row.key === state.case} />`}
    ${(pages.length > 1 || answer.value?.after) && html`<nav class="pages" aria-label=${t("pages")}>
      <button type="button" disabled=${pages.length === 1} onClick=${() => setPages(pages.slice(0, -1))}>${t("pages.previous")}</button>
      <span role="status">${t("pages.shown", { first: (pages.length - 1) * PAGE_CASES + 1, last: (pages.length - 1) * PAGE_CASES + rows.length, all: numberText(count, lang) })}</span>
      <button type="button" disabled=${!answer.value?.after} onClick=${() => setPages([...pages, answer.value.after])}>${t("pages.next")}</button>
    </nav>`}
  </section>`;
}

/**
 * Return what a map needs of a case of an evaluation.
 * @param {any} facts
 * @returns {any}
 */
function entryOf({ number, lon, lat, class: code }) {
  return { number, lon, lat, class: code, class_name: null, clock: null, stage_clock: null };
}
