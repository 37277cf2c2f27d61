// Values that a condition compares with: texts that occur, classes by name, numbers, days.
import { valueCount } from "../../core/condition.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId } from "../../core/html.js";
import { ClassTree } from "./classtree.js";
import { ValueList } from "./valuelist.js";

/**
 * @param {{layer: import("../../core/documents.js").LayerDocument, column: import("../../core/documents.js").Column | undefined,
 *   condition: import("../../core/condition.js").Condition, onChange: (condition: import("../../core/condition.js").Condition) => void}} given
 */
export function ValueFields({ layer, column, condition, onChange }) {
  const { t } = useConsole();
  const id = useId();
  const { operator, values } = condition;
  const put = (/** @type {string[]} */ next) => onChange({ ...condition, values: next });
  if (operator === "lasting") return html`<${Lasting} condition=${condition} onChange=${onChange} />`;
  if (operator === "class" && column?.classes) return html`<${ClassTree} layer=${layer} column=${column} values=${values} onChange=${put} />`;
  if (valueCount(operator) < 0 && column) return html`<${ValueList} layer=${layer} column=${column} values=${values} onChange=${put} />`;
  const kind = kindOf(column?.type ?? "text");
  return [...Array(valueCount(operator)).keys()].map((at) => html`<label for=${`${id}${at}`}>${labelOf(operator, at, t)}</label>
    <input id=${`${id}${at}`} type=${kind} step="any" required value=${values[at] ?? ""} autocomplete="off"
      onInput=${(/** @type {any} */ event) => put(Object.assign([...values], { [at]: event.target.value }))} />`);
}

/** @param {string} type */
function kindOf(type) {
  if (type === "integer" || type === "number") return "number";
  return type === "date" || type === "instant" ? "date" : "text";
}

/** @param {string} operator @param {number} at @param {import("../../core/words.js").Translate} t */
function labelOf(operator, at, t) {
  if (operator === "days") return t(at ? "day.last" : "day.first");
  if (operator === "between") return t(at ? "number.most" : "number.least");
  return t("condition.value");
}

/** @param {{condition: import("../../core/condition.js").Condition, onChange: (condition: import("../../core/condition.js").Condition) => void}} given */
function Lasting({ condition, onChange }) {
  const { t } = useConsole();
  const id = useId();
  const put = (/** @type {number} */ at, /** @type {string} */ value) => onChange({ ...condition, values: condition.values.map((each, index) => (index === at ? value : each)) });
  const field = (/** @type {number} */ at, /** @type {string} */ label) => html`<label for=${`${id}${at}`}>${label}</label>
    <input id=${`${id}${at}`} type="number" min="0" step="any" value=${condition.values[at]} onInput=${(/** @type {any} */ event) => put(at, event.target.value)} />`;
  return html`${field(0, t("lasting.from"))}${field(1, t("lasting.below.label"))}
    <label for=${`${id}unit`}>${t("lasting.unit")}</label>
    <select id=${`${id}unit`} value=${condition.unit} onChange=${(/** @type {any} */ event) => onChange({ ...condition, unit: event.target.value })}>
      <option value="days">${t("unit.days")}</option><option value="hours">${t("unit.hours")}</option>
    </select>`;
}
