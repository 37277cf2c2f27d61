import { html } from "../../core/html.js";

/** @param {any} given */
export function Evaluation(given) {
  return html`<p>${given.log.name}</p>`;
}
