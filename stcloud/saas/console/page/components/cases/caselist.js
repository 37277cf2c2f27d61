// Cases as a table, the most pressing first, page by page.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { ClockBadge, Due } from "./clocktext.js";

/** @typedef {import("./logs.js").CaseEntry} CaseEntry */

const PAGE_CASES = 25;

/**
 * @param {{cases: CaseEntry[], names: import("./logs.js").Names, state: import("../../core/state.js").State, caption: string, more: boolean}} given
 *   `more`: there are more cases than were read
 */
export function CaseList({ cases, names, state, caption, more }) {
  const { city, store, t, lang } = useConsole();
  const [first, setFirst] = useState(0);
  useEffect(() => setFirst(0), [caption]);
  const page = cases.slice(first, first + PAGE_CASES);
  const columns = [
    { name: "number", text: t("case") }, { name: "clock", text: t("case.clock") }, { name: "class", text: t("case.class"), wide: true },
    { name: "state", text: t("case.state"), wide: true }, { name: "department", text: t("case.department") },
    { name: "due", text: t("case.due") }, { name: "opened", text: t("case.opened") },
  ];
  const rows = page.map((entry) => ({
    key: entry.number,
    number: html`<button type="button" class="link" aria-pressed=${entry.number === state.case} onClick=${() => store.set({ case: entry.number })}>${entry.number}</button>`,
    clock: html`<${ClockBadge} clock=${entry.clock} />`,
    class: entry.class_name ? html`${entry.class_name} <span class="small">${entry.class}</span>` : entry.class,
    state: html`${names.state(entry.state)}${entry.flags.map((flag) => html` <span class="badge off">${names.flag(flag)}</span>`)}`,
    department: entry.department,
    due: html`<${Due} clock=${entry.clock} />`,
    opened: clockText(entry.opened, city.zone),
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
