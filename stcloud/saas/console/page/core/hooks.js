// What components share: the city, the state, words, and answers that come later.
import { createContext, useContext, useLayoutEffect, useRef, useState } from "./html.js";
import { Problem } from "./api.js";

/**
 * @typedef {object} City what `GET /console.json` gives
 * @property {string} name
 * @property {string} zone
 * @property {string} crs
 * @property {string | null} calendar
 * @property {string} now
 * @property {string} version
 * @property {[number, number, number, number] | null} bbox west, south, east, north in degrees
 * @property {Record<string, any>[]} layers
 * @property {Record<string, any>[]} logs
 * @property {Record<string, any>[]} grids
 *
 * @typedef {object} Around
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {City} city
 * @property {import("./words.js").Translate} t
 * @property {string} lang
 * @property {boolean} dark
 */

export const Context = createContext(/** @type {Around} */ (/** @type {unknown} */ (null)));

/** Return what all components of a console share. */
export const useConsole = () => useContext(Context);

/**
 * @template T
 * @typedef {object} Coming an answer that comes later
 * @property {T | undefined} value the newest one; that of the former question while another is awaited
 * @property {Problem | undefined} problem why there is none
 * @property {boolean} waiting whether one is awaited
 */

/**
 * Ask, and ask again when what is asked changes; an answer to what is asked no more is dropped, and its request ended.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T> | undefined} ask undefined: nothing is asked
 * @param {unknown[]} about what the answer depends on
 * @returns {Coming<T>}
 */
export function useAnswer(ask, about) {
  const [coming, setComing] = useState(/** @type {Coming<T>} */ ({ value: undefined, problem: undefined, waiting: true }));
  const key = JSON.stringify(about);
  const asked = useRef(ask);
  asked.current = ask;
  // Asked before what is drawn is painted: an answer is on its way while the browser paints.
  useLayoutEffect(() => {
    const ending = new AbortController();
    const answer = asked.current(ending.signal);
    if (answer === undefined) {
      setComing({ value: undefined, problem: undefined, waiting: false });
      return () => {};
    }
    setComing((/** @type {Coming<T>} */ former) => ({ ...former, waiting: true }));
    answer.then(
      (value) => ending.signal.aborted || setComing({ value, problem: undefined, waiting: false }),
      (error) => {
        if (ending.signal.aborted) return;
        const problem = error instanceof Problem ? error : new Problem(0, "fault", String(error?.message ?? error));
        setComing({ value: undefined, problem, waiting: false });
      },
    );
    return () => ending.abort();
  }, [key]);
  return coming;
}
