// One of several, with its label.
import { html } from "../core/html.js";

/**
 * @param {{label: string, value: string, choices: string[][], onChoose: (value: string) => void}} given
 */
export function Chooser({ label, value, choices, onChoose }) {
  return html`<label class="chooser">${label}
    <select value=${value} onChange=${(/** @type {Event} */ event) => onChoose(/** @type {HTMLSelectElement} */ (event.target).value)}>
      ${choices.map(([choice, text]) => html`<option key=${choice} value=${choice} selected=${choice === value}>${text}</option>`)}
    </select></label>`;
}
