// A number that leads to its rows: there are as many.
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { numberText } from "../core/format.js";

/**
 * @param {{value: number | null, question: import("../core/question.js").Question, label?: string}} given
 *   `question`: that of the rows; `label`: what the number is of, for those who do not see where it stands
 */
export function Count({ value, question, label }) {
  const { store, t, lang } = useConsole();
  const text = numberText(value, lang);
  if (value === null) return html`<span>${text}</span>`;
  return html`<button type="button" class="count" data-count=${value} data-question=${JSON.stringify(question)}
    aria-label=${t("count.label", { value: text, label: label ?? "" })} onClick=${() => store.set({ rows: JSON.stringify(question) })}>${text}</button>`;
}
