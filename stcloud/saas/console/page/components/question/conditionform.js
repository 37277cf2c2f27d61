// A condition: a column, how it is compared, and with what; or a filter as text.
import { conditionOf, filterText, OPERATORS, valueCount } from "../../core/condition.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useId, useRef, useState } from "../../core/html.js";
import { useNaming } from "../../core/naming.js";
import { ValueFields } from "./valuefields.js";

/** @typedef {import("../../core/condition.js").Condition} Condition */
/** @typedef {import("../../core/documents.js").Column} Column */

/**
 * @param {{layer: import("../../core/documents.js").LayerDocument, filter: string, onDone: (filter: string) => void, onCancel: () => void}} given
 *   `filter`: what is edited; empty: a new one
 */
export function ConditionForm({ layer, filter, onDone, onCancel }) {
  const { t } = useConsole();
  const id = useId();
  const naming = useNaming(layer);
  const place = useRef(/** @type {HTMLFormElement | null} */ (null));
  const known = knownCondition(filter, layer);
  const [text, setText] = useState(filter);
  const [condition, setCondition] = useState(/** @type {Condition | undefined} */ (known));
  const [chosen, setChosen] = useState(known ? choiceOf(known) : filter ? "text" : "");
  useEffect(() => place.current?.querySelector("select")?.focus(), []);
  const choose = (/** @type {string} */ choice) => {
    setChosen(choice);
    if (condition && choice === "text") setText(filterText(condition));
    setCondition(startOf(choice, layer));
  };
  const column = layer.columns.find(({ name }) => name === condition?.column);
  const operators = condition?.operator === "lasting" || !column ? [] : operatorsOf(column);
  const operate = (/** @type {any} */ event) => condition && setCondition({ ...condition, operator: event.target.value, values: [] });
  const ready = chosen === "text" ? text.trim() !== "" : condition !== undefined && isWhole(condition);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (ready) onDone(chosen === "text" ? text.trim() : filterText(/** @type {Condition} */ (condition)));
  };
  return html`<form ref=${place} class="form condition" onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && onCancel()}>
    <label for=${`${id}column`}>${t("condition.column")}</label>
    <select id=${`${id}column`} value=${chosen} onChange=${(/** @type {any} */ event) => choose(event.target.value)} required>
      <option value="" disabled>${t("choose")}</option>
      ${layer.columns.map(({ name, title, type, unit }) => html`<option value=${`column ${name}`}>${title ? `${title} (${name})` : name} · ${t(`type.${type}`)}${unit ? `, ${unit}` : ""}</option>`)}
      ${durationsOf(layer).map(({ end, start }) => html`<option value=${`lasting ${end} ${start}`}>${t("lasting.of", { end: naming.column(end)})}</option>`)}
      <option value="text">${t("condition.text")}</option>
    </select>
    ${operators.length > 0 && html`<label for=${`${id}operator`}>${t("condition.operator")}</label>
      <select id=${`${id}operator`} value=${condition?.operator} onChange=${operate}>
        ${operators.map((operator) => html`<option value=${operator}>${t(`op.${operator}`)}</option>`)}
      </select>`}
    ${condition && html`<${ValueFields} key=${chosen + condition.operator} layer=${layer} column=${column} condition=${condition} onChange=${setCondition} />`}
    ${chosen === "text" && html`<label for=${`${id}text`}>${t("condition.text")}</label>
      <textarea id=${`${id}text`} rows="3" spellcheck=${false} value=${text} placeholder="status = 'open' AND days(closed_at - reported_at) > 7"
        onInput=${(/** @type {any} */ event) => setText(event.target.value)}></textarea>`}
    <p class="actions">
      <button type="submit" disabled=${!ready}>${t(filter ? "condition.change" : "condition.add")}</button>
      <button type="button" onClick=${onCancel}>${t("cancel")}</button>
    </p>
  </form>`;
}

/**
 * Return the condition that a filter says; codes of classes are chosen by their tree.
 * @param {string} filter
 * @param {import("../../core/documents.js").LayerDocument} layer
 */
function knownCondition(filter, layer) {
  const condition = conditionOf(filter);
  const column = layer.columns.find(({ name }) => name === condition?.column);
  if (!condition || !column) return undefined;
  const codes = column.classes && condition.values.every((value) => /^\d+$/.test(value));
  if (codes && (condition.operator === "is" || condition.operator === "begins")) return { ...condition, operator: /** @type {const} */ ("class") };
  return condition;
}

/** @param {Condition} condition */
const choiceOf = ({ operator, column, start }) => (operator === "lasting" ? `lasting ${column} ${start}` : `column ${column}`);

/**
 * @param {string} choice
 * @param {import("../../core/documents.js").LayerDocument} layer
 * @returns {Condition | undefined}
 */
function startOf(choice, layer) {
  const lasting = durationsOf(layer).find(({ end, start }) => choice === `lasting ${end} ${start}`);
  if (lasting) return { column: lasting.end, operator: "lasting", values: ["", ""], start: lasting.start, unit: "days" };
  const column = layer.columns.find(({ name }) => choice === `column ${name}`);
  return column && { column: column.name, operator: operatorsOf(column)[0], values: [], dates: column.type === "date" };
}

/** @param {Column} column @returns {import("../../core/condition.js").Operator[]} */
const operatorsOf = (column) => (column.classes ? ["class", ...OPERATORS.text] : (OPERATORS[column.type] ?? OPERATORS.text));

/** @param {Condition} condition */
function isWhole({ operator, values }) {
  const given = values.filter((value) => value !== "");
  if (operator === "lasting") return given.length > 0;
  const count = valueCount(operator);
  return count < 0 ? given.length > 0 : given.length >= count;
}

/** Names of columns that tell an end, the plainest first. */
const CLOSING = [/clos|结案|关闭/i, /resol|complet|结|完成/i, /end|finish|done/i];

/**
 * Return pairs of columns between which time passes: each instant, and when the event happened.
 * @param {import("../../core/documents.js").LayerDocument} layer
 * @returns {{end: string, start: string}[]}
 */
export function durationsOf(layer) {
  if (layer.kind !== "event") return [];
  const instants = layer.columns.filter(({ type }) => type === "instant").map(({ name }) => name);
  const closing = CLOSING.flatMap((word) => instants.filter((name) => word.test(name)));
  const ends = closing.length ? [...new Set(closing)] : instants.slice(1); // the first one is mostly when it began
  return ends.map((end) => ({ end, start: "st_time" }));
}
