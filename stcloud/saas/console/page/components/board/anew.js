// A board that is shown anew when somebody signs in: what may be seen is another then.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

/**
 * @param {(given: {state: import("../../core/state.js").State}) => any} Board
 * @returns {(given: {state: import("../../core/state.js").State}) => any}
 */
export function anew(Board) {
  return ({ state }) => html`<${Board} key=${useConsole().city.now} state=${state} />`;
}
