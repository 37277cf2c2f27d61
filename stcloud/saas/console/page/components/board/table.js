// A table that is scrolled in its own frame, so that a narrow window stays whole.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

/**
 * @typedef {{name: string, text: string, number?: boolean, wide?: boolean}} Column `wide`: long texts, which may break
 * @param {{caption: string, columns: Column[], rows: Record<string, any>[], hidden?: boolean, chosen?: (row: any) => boolean}} given
 *   `rows`: texts or elements by the names of the columns; `hidden`: the caption is for screen readers alone
 */
export function Table({ caption, columns, rows, hidden = false, chosen }) {
  const { t } = useConsole();
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${t("table.of", { caption })}>
    <table>
      <caption class=${hidden ? "unseen" : ""}>${caption}</caption>
      <thead><tr>${columns.map((column) => html`<th scope="col" class=${classOf(column)}>${column.text}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr class=${chosen?.(row) ? "is-chosen" : ""}>${columns.map((column) => html`<td class=${classOf(column)}>${row[column.name] ?? ""}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

/** @param {Column} column */
function classOf(column) {
  return `${column.number ? "numeric" : ""} ${column.wide ? "wide" : ""}`.trim();
}
