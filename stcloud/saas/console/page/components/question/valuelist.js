// Texts that a column has: those of its definition, else those that occur, the most frequent first.
import { fieldOf } from "../../core/question.js";
import { byColumn, useNaming } from "../../core/naming.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";

const MOST = 300;
const SHOWN = 60;

/**
 * @param {{layer: import("../../core/documents.js").LayerDocument, column: import("../../core/documents.js").Column,
 *   values: string[], onChange: (values: string[]) => void}} given
 */
export function ValueList({ layer, column, values, onChange }) {
  const { t } = useConsole();
  const id = useId();
  const [search, setSearch] = useState("");
  const naming = useNaming(layer);
  const occurring = useOccurring(layer, column);
  const name = (/** @type {string} */ value) => naming.value(column.name, value);
  const all = [...new Set([...values, ...(column.values ?? []), ...(occurring.value ?? [])])];
  const wanted = search.trim().toLowerCase();
  const matching = all.filter((value) => value.toLowerCase().includes(wanted) || name(value).toLowerCase().includes(wanted));
  const typed = search.trim();
  const toggle = (/** @type {string} */ value) => onChange(values.includes(value) ? values.filter((each) => each !== value) : [...values, value]);
  return html`<fieldset class="choices" aria-busy=${occurring.waiting}>
    <legend>${t("values.legend", { n: values.length })}</legend>
    <label for=${`${id}search`}>${t("values.search")}</label>
    <input id=${`${id}search`} type="search" autocomplete="off" value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} />
    <ul class="scrolled" tabindex="0" aria-label=${t("values.legend", { n: values.length })}>
      ${matching.slice(0, SHOWN).map((value) => html`<li key=${value}><label>
        <input type="checkbox" checked=${values.includes(value)} onChange=${() => toggle(value)} /> ${name(value)}${name(value) !== value && html` <span class="code">${value}</span>`}
      </label></li>`)}
      ${matching.length > SHOWN && html`<li class="note">${t("values.more")}</li>`}
    </ul>
    ${occurring.waiting && html`<p class="note" role="status">${t("values.reading")}</p>`}
    ${typed && !all.includes(typed) && html`<button type="button" onClick=${() => { toggle(typed); setSearch(""); }}>${t("values.typed", { value: typed })}</button>`}
  </fieldset>`;
}

/**
 * Return the values that occur in a column, the most frequent first.
 * @param {import("../../core/documents.js").LayerDocument} layer
 * @param {import("../../core/documents.js").Column} column
 * @returns {import("../../core/hooks.js").Coming<string[]>}
 */
export function useOccurring(layer, column) {
  const { api, store } = useConsole();
  const { known } = store.get();
  const by = byColumn(column.name);
  const question = {
    layer: layer.name, by: [by], measure: ["count"], order: ["-count"], limit: MOST, known_at: known, now: known,
    ...(layer.kind === "feature" && { as_of: known }),
  };
  return useAnswer(
    (signal) => api.post("/questions", question, { signal }).then(({ rows }) =>
      rows.map((/** @type {any} */ row) => row[fieldOf(by)]).filter((/** @type {any} */ value) => typeof value === "string" && value !== "")),
    [question],
  );
}
