import { html } from "../core/html.js";

/** @param {{state: import("../core/state.js").State}} given */
export function Series({ state }) {
  return html`<p>${state.board}</p>`;
}
