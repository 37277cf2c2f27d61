import { html } from "../core/html.js";

/** @param {{state: import("../core/state.js").State}} given */
export function Situation({ state }) {
  return html`<p>${state.board}</p>`;
}
