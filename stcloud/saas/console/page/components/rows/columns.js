// Which columns of rows are shown.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

const OWN = ["st_key", "st_time", "st_time_to", "st_valid_from", "st_valid_to", "st_unit"];
const AT_FIRST = 9;

/**
 * @typedef {import("../../core/documents.js").LayerDocument} LayerDocument
 */

/** Columns that rows have, but for those that only machines read. @param {Record<string, any>[]} rows */
const columnsOf = (rows) => Object.keys(rows[0] ?? {}).filter((name) => OWN.includes(name) || !name.startsWith("st_"));

/**
 * @param {string} name
 * @param {number} at
 * @param {Record<string, boolean>} hidden
 * @param {Record<string, any>[]} rows
 */
const isHidden = (name, at, hidden, rows) => hidden[name] ?? (at >= AT_FIRST || (name !== "st_key" && rows.length > 0 && rows.every((row) => row[name] === row.st_key)));

/**
 * Return the columns that are shown: the first ones, until others are chosen.
 * @param {Record<string, any>[]} rows
 * @param {LayerDocument | undefined} _layer
 * @param {Record<string, boolean>} hidden by name
 */
export const columnsShown = (rows, _layer, hidden) => columnsOf(rows).filter((name, at) => !isHidden(name, at, hidden, rows));

/**
 * Return what a column is called.
 * @param {string} name
 * @param {LayerDocument | undefined} layer
 * @param {import("../../core/words.js").Translate} t
 */
export const columnTitle = (name, layer, t) => (name.startsWith("st_") ? t(`column.${name}`) : layer?.columns.find((column) => column.name === name)?.title || name);

/**
 * @param {{rows: Record<string, any>[], layer: LayerDocument | undefined, hidden: Record<string, boolean>, onChange: (hidden: Record<string, boolean>) => void}} given
 */
export function ColumnChooser({ rows, layer, hidden, onChange }) {
  const { t } = useConsole();
  return html`<details class="columns">
    <summary>${t("rows.columns")}</summary>
    <ul>${columnsOf(rows).map((name, at) => {
      const out = isHidden(name, at, hidden, rows);
      return html`<li key=${name}><label><input type="checkbox" checked=${!out} onChange=${() => onChange({ ...hidden, [name]: !out })} /> ${columnTitle(name, layer, t)}</label></li>`;
    })}</ul>
  </details>`;
}
