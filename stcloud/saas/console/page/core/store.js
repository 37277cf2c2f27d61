// Keeps the state, and says when it changes.
import { useEffect, useState } from "./html.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {{replace: boolean}} How `replace`: the change is no step of the history, such as a map that is moved
 * @typedef {object} Store
 * @property {() => State} get
 * @property {(changed: Partial<State>, how?: Partial<How>) => void} set
 * @property {(listener: (state: State, how: How) => void) => () => void} subscribe returns what ends it
 */

/**
 * Return a store that holds a state.
 * @param {State} initial
 * @returns {Store}
 */
export function createStore(initial) {
  let state = initial;
  /** @type {Set<(state: State, how: How) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    set(changed, { replace = false } = {}) {
      const next = { ...state, ...changed };
      if (JSON.stringify(next) === JSON.stringify(state)) return;
      state = next;
      for (const listener of [...listeners]) listener(state, { replace });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Return the state of a store, and have the component drawn again when it changes.
 * @param {Store} store
 * @returns {State}
 */
export function useStore(store) {
  const [state, setState] = useState(store.get());
  useEffect(() => {
    setState(store.get());
    return store.subscribe(setState);
  }, [store]);
  return state;
}
