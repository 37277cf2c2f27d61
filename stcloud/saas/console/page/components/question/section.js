// A part of the question panel: a heading that opens and closes it, and what is wrong with it.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

/** @param {{name: string, count?: number, open?: boolean, children?: any}} given `count`: how many entries it holds */
export function Section({ name, count = 0, open = true, children }) {
  const { t } = useConsole();
  return html`<details class="part ${name}" open=${open}>
    <summary><h2>${t(`section.${name}`)}</h2>${count > 0 && html`<span class="held">${t("section.held", { n: count })}</span>`}</summary>
    ${children}
  </details>`;
}

/** @param {{problem: import("../../core/api.js").Problem | undefined}} given */
export function Fault({ problem }) {
  if (!problem) return null;
  return html`<p class="fault" role="alert">${problem.message}${problem.hint && html`<span class="hint">${problem.hint}</span>`}</p>`;
}

/**
 * An entry of a part with what edits and what removes it.
 * @param {{children?: any, problem?: import("../../core/api.js").Problem, onEdit?: () => void, onRemove: () => void}} given
 */
export function Entry({ children, problem, onEdit, onRemove }) {
  const { t } = useConsole();
  return html`<li class=${problem ? "entry refused" : "entry"}>
    <span class="words">${children}</span>
    ${onEdit && html`<button type="button" class="quiet" onClick=${onEdit}>${t("edit")}</button>`}
    <button type="button" class="quiet" onClick=${onRemove} aria-label=${t("remove")} title=${t("remove")}>×</button>
    <${Fault} problem=${problem} />
  </li>`;
}
