// Cases as a table, the most pressing first, page by page.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { ClockBadge, clockOf, Due } from "./clocktext.js";

/** @typedef {import("./logs.js").CaseEntry} CaseEntry */

const PAGE_CASES = 25;

/**
 * @param {{cases: CaseEntry[], names: import("./logs.js").Names, state: import("../../core/state.js").State, caption: string, more: boolean}} given
 *   `more`: there are more cases than were read
 */
export function CaseList({ cases, names, state, caption, more }) {
  const { store, t, lang } = useConsole();
  const [first, setFirst] = useState(0);
  useEffect(() => setFirst(0), [caption]);
  const page = cases.slice(first, first + PAGE_CASES);
  const columns = [
    { name: "number", text: t("case") }, { name: "clock", text: t("case.clock") }, { name: "class", text: t("case.class"), wide: true },
  ];
  const rows = page.map((entry) => ({
    key: entry.number,
    number: html`<button type="button" class="link" aria-pressed=${entry.number === state.case} onClick=${() => store.set({ case: entry.number, ...seen(entry, state.map) })}>${entry.number}</button>
      <span class="aside">${entry.department ?? ""}</span>`,
    clock: html`<${ClockBadge} clock=${clockOf(entry)} />${clockOf(entry)?.due && html`<span class="aside">${entry.clock ? "" : `${t(`stage.${entry.stage_clock?.stage}`)} · `}${t("case.due")} <${Due} clock=${clockOf(entry)} /></span>`}`,
    class: html`${entry.class_name ?? entry.class ?? "–"}<span class="aside">${names.state(entry.state)}${entry.flags.map((flag) => ` · ${names.flag(flag)}`)}</span>`,
  }));
  const last = Math.min(first + PAGE_CASES, cases.length);
  return html`
    <${Table} caption=${caption} hidden=${true} columns=${columns} rows=${rows} chosen=${(/** @type {any} */ row) => row.key === state.case} />
    ${cases.length > PAGE_CASES && html`<nav class="pages" aria-label=${t("pages")}>
      <button type="button" disabled=${first === 0} onClick=${() => setFirst(first - PAGE_CASES)}>${t("pages.previous")}</button>
      <span role="status">${t("pages.shown", { first: numberText(first + 1, lang), last: numberText(last, lang), all: `${numberText(cases.length, lang)}${more ? "+" : ""}` })}</span>
      <button type="button" disabled=${last >= cases.length} onClick=${() => setFirst(first + PAGE_CASES)}>${t("pages.next")}</button>
    </nav>`}`;
}

/**
 * Return a view of the map in which a case lies in the middle.
 * @param {CaseEntry} entry
 * @param {string} view
 */
function seen({ lon, lat }, view) {
  return view && lon !== null && lat !== null ? { map: `${lon.toFixed(5)},${lat.toFixed(5)},${view.split(",")[2]}` } : {};
}
