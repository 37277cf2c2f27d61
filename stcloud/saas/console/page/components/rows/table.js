// A page of rows; a heading sorts, a key opens why a row is in the answer.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { instantText, numberText } from "../../core/format.js";
import { useNaming } from "../../core/naming.js";
import { columnTitle } from "./columns.js";

/**
 * @param {{rows: Record<string, any>[], columns: string[], layer: import("../../core/documents.js").LayerDocument | undefined, order: string,
 *   opened: string, onSort: (column: string) => void, onOpen: (key: string) => void}} given
 */
export function RowTable({ rows, columns, layer, order, opened, onSort, onOpen }) {
  const { t, lang } = useConsole();
  const naming = useNaming(layer);
  const sorting = (/** @type {string} */ name) => (order === name ? "ascending" : order === `-${name}` ? "descending" : "none");
  const arrow = { ascending: " ▲", descending: " ▼", none: "" };
  const text = (/** @type {string} */ name, /** @type {any} */ value) => cellText(name, value, layer, naming, lang);
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${t("rows.table")}>
    <table>
      <thead><tr>${columns.map((name) => html`<th key=${name} scope="col" aria-sort=${sorting(name)}>
        <button type="button" class="sort" onClick=${() => onSort(name)}>${columnTitle(name, layer, t)}<span aria-hidden="true">${arrow[sorting(name)]}</span></button></th>`)}</tr></thead>
      <tbody>${rows.map((row, at) => html`<tr key=${`${row.st_key} ${row.st_valid_from ?? ""} ${at}`} class=${row.st_key === opened ? "opened" : ""}>
        ${columns.map((name) => (name === "st_key"
          ? html`<th key=${name} scope="row"><button type="button" class="quiet" aria-expanded=${row.st_key === opened} title=${t("why.open")}
              onClick=${() => onOpen(row.st_key === opened ? "" : row.st_key)}>${row.st_key}</button></th>`
          : html`<td key=${name}>${text(name, row[name])}</td>`))}
      </tr>`)}</tbody>
    </table>
  </div>`;
}

/**
 * @param {string} name
 * @param {any} value
 * @param {import("../../core/documents.js").LayerDocument | undefined} layer
 * @param {import("../../core/naming.js").Naming} naming
 * @param {string} lang
 */
function cellText(name, value, layer, naming, lang) {
  if (value === null || value === undefined) return "";
  const column = layer?.columns.find((each) => each.name === name);
  if (column?.type === "instant" || (name.startsWith("st_") && /^\d{4}-\d\d-\d\dT/.test(value))) return instantText(String(value));
  if (column?.type === "number") return numberText(value, lang, 6);
  if (column?.classes) return `${naming.value(name, value)} (${value})`;
  if (name === "st_unit") return naming.value("unit", value);
  return String(value);
}
