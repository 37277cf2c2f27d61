import { html } from "../core/html.js";

/** @param {{state: import("../core/state.js").State}} given */
export function Catalogue({ state }) {
  return html`<p>${state.board}</p>`;
}
