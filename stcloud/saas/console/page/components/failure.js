// Why there is nothing to show, in words, and what can be done.
import { html } from "../core/html.js";

/**
 * @param {{problem: import("../core/api.js").Problem, t: import("../core/words.js").Translate, again?: () => void}} given
 *   `again`: asks once more
 */
export function Failure({ problem, t, again }) {
  const dead = problem.status === 0 && problem.kind === "unreachable";
  return html`<div class="failure" role="alert">
    <p>${dead ? t("unreachable") : problem.message || t("failed", { kind: problem.kind })}</p>
    ${problem.hint && html`<p class="hint">${problem.hint}</p>`}
    ${again && html`<button type="button" onClick=${again}>${t("again")}</button>`}
  </div>`;
}
