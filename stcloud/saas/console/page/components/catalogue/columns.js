// The columns of a layer: type, unit, what values they have.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { Table } from "../board/table.js";

const MOST_VALUES = 12;

/** @param {{columns: Record<string, any>[]}} given */
export function Columns({ columns }) {
  const { t } = useConsole();
  const heads = [
    { name: "name", text: t("column") }, { name: "type", text: t("column.type") }, { name: "unit", text: t("column.unit") },
    { name: "values", text: t("column.values"), wide: true },
  ];
  const rows = columns.map((column) => ({
    name: html`<strong>${column.title || column.name}</strong>${column.title && column.title !== column.name ? html` <span class="aside">${column.name}</span>` : ""}${column.personal ? html` <span class="badge personal">${t("column.personal")}</span>` : ""}`,
    type: column.type,
    unit: column.unit ?? "",
    values: valuesText(column, t),
  }));
  return html`<${Table} caption=${t("columns")} columns=${heads} rows=${rows} />`;
}

/**
 * @param {Record<string, any>} column
 * @param {import("../../core/words.js").Translate} t
 */
function valuesText(column, t) {
  if (column.classes) return t("column.classes", { classes: column.classes });
  const values = column.values ?? [];
  if (!values.length) return "";
  const shown = values.slice(0, MOST_VALUES).join(", ");
  return `${shown}${values.length > MOST_VALUES ? ", …" : ""}${column.only_values ? "" : `, ${t("column.others")}`}`;
}
