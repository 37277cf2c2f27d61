// Mounts the console into an element: of a page that a service gives, or of a cell of a notebook.
import { html, render } from "./core/html.js";
import { createStore } from "./core/store.js";
import { addressed, stateOf } from "./core/state.js";
import { Console } from "./components/console.js";

/**
 * Show the console.
 * @param {HTMLElement} place where it is shown
 * @param {import("./core/api.js").Api} api what it asks
 * @param {{address?: Window, state?: Partial<import("./core/state.js").State>}} options `address`: the window whose
 *   address holds the state; without one the state is kept in memory
 * @returns {() => void} what removes it again
 */
export function start(place, api, { address, state = {} } = {}) {
  const store = createStore({ ...stateOf(address?.location.hash ?? ""), ...state });
  const leave = address ? addressed(store, address) : () => {};
  place.replaceChildren();
  render(html`<${Console} api=${api} store=${store} root=${place} />`, place);
  return () => {
    leave();
    render(null, place);
  };
}
