// Which columns of rows are shown.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { SUBJECTS } from "../views/plan.js";

const OWN = ["st_key", "st_time", "st_time_to", "st_valid_from", "st_valid_to", "st_unit"];
const AT_FIRST = 7;

/**
 * @typedef {import("../../core/documents.js").LayerDocument} LayerDocument
 */

/** Columns that rows have, but for those that only machines read. @param {Record<string, any>[]} rows */
const columnsOf = (rows) => Object.keys(rows[0] ?? {}).filter((name) => OWN.includes(name) || !name.startsWith("st_"));

/**
 * Return the columns that are shown at first: when, and what tells most of a row; not what only repeats its key or time.
 * @param {Record<string, any>[]} rows
 * @param {string} asked the question as text: what it names is shown
 */
function firstColumns(rows, asked) {
  const own = columnsOf(rows).filter((name) => !name.startsWith("st_"));
  const repeats = (/** @type {string} */ name, /** @type {string} */ of) => rows.every((row) => row[name] === row[of]);
  const telling = own.filter((name) => !repeats(name, "st_key") && !repeats(name, "st_time"));
  const named = telling.filter((name) => asked.includes(name));
  const known = SUBJECTS.flatMap((subject) => telling.filter((name) => subject.test(name)));
  return new Set([...columnsOf(rows).filter((name) => OWN.includes(name)), ...[...new Set([...named, ...known, ...telling])].slice(0, AT_FIRST)]);
}

/**
 * Return the columns that are shown, in the order in which rows have them.
 * @param {Record<string, any>[]} rows
 * @param {string} asked
 * @param {Record<string, boolean>} hidden by name, as was chosen
 */
export function columnsShown(rows, asked, hidden) {
  const first = firstColumns(rows, asked);
  return columnsOf(rows).filter((name) => !(hidden[name] ?? !first.has(name)));
}

/**
 * Return what a column is called.
 * @param {string} name
 * @param {LayerDocument | undefined} layer
 * @param {import("../../core/words.js").Translate} t
 */
export const columnTitle = (name, layer, t) => (name.startsWith("st_") ? t(`column.${name}`) : layer?.columns.find((column) => column.name === name)?.title || name);

/**
 * @param {{rows: Record<string, any>[], layer: LayerDocument | undefined, shown: string[], hidden: Record<string, boolean>, onChange: (hidden: Record<string, boolean>) => void}} given
 *   `shown`: columns that are shown
 */
export function ColumnChooser({ rows, layer, shown, hidden, onChange }) {
  const { t } = useConsole();
  return html`<details class="columns">
    <summary>${t("rows.columns")}</summary>
    <ul>${columnsOf(rows).map((name) => {
      const out = !shown.includes(name);
      return html`<li key=${name}><label><input type="checkbox" checked=${!out} onChange=${() => onChange({ ...hidden, [name]: !out })} /> ${columnTitle(name, layer, t)}</label></li>`;
    })}</ul>
  </details>`;
}
