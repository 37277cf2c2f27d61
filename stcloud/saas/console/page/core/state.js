// All that the page shows is one value, and the address holds it: opened again it gives the same numbers.

/**
 * @typedef {object} State
 * @property {string} board which board is shown
 * @property {string} lang `en` or `zh`; empty: as the browser prefers
 * @property {string} theme `light` or `dark`; empty: as the system prefers
 * @property {string} layer the layer in question
 * @property {string[]} what filters, CQL2; all must hold
 * @property {string[]} where places; alternatives
 * @property {string[]} when spans, in local time of the city; alternatives
 * @property {string} weekdays
 * @property {string} hours
 * @property {string} months
 * @property {string} seasons
 * @property {string} days `working`, `free`
 * @property {string} asof instant of valid time of features and of layers underneath
 * @property {string} known instant of recorded time: what was known then
 * @property {string} other another instant of recorded time, whose difference to `known` is shown; empty: none
 * @property {string} by what areas the map shades: `cell:500m`, `unit`, `in:communities`; empty: chosen by the board
 * @property {string} measure the measure that is shaded; empty: `count`
 * @property {string} compare `previous`, `year`, `where:PLACE`; empty: nothing is put beside
 * @property {string[]} group narrowings by clicks: `week=2024-W22`, `cell:500m=…`; all must hold
 * @property {string[]} under layers that are drawn underneath; `none`: none are
 * @property {string} map `LON,LAT,ZOOM`; empty: all of the city
 * @property {string} rows a question's document as JSON whose rows are shown; empty: none are
 * @property {string} log of cases
 * @property {string} role
 * @property {string} case
 * @property {string} station
 * @property {string} value
 * @property {string} at a place `LON,LAT`
 * @property {string} cell of cubes: `500m`, `unit`
 * @property {string} every step of cubes and series
 * @property {string} period of evaluations
 * @property {string} record the layer that the catalogue shows
 * @property {string} grid instant whose unit grid places the rows; empty: that of each row's own time
 * @property {string} distance of neighbours of hot spots, in metres; empty: those that touch
 * @property {string} top what the list of the most frequent is by; empty: chosen by the layer
 * @property {string} view the part of a board that is shown
 * @property {string} drill cases of a number, as JSON: of which evaluation, indicator, part and group; empty: none are shown
 * @property {string} judged by what cases are evaluated: `street`, `department`
 * @property {string} indicators of evaluations, with commas between them; empty: the usual ones
 * @property {string} department whose cases are shown; empty: of all
 * @property {string} radius around a place: `200m`
 * @property {string} span of series: `2016-12`, `2016-12-01/2016-12-08`
 * @property {string} method of series that are resampled: `mean`
 * @property {string} rule of episodes, as JSON
 */

/** @type {Readonly<State>} */
export const EMPTY = Object.freeze({
  board: "explore", lang: "", theme: "", layer: "",
  what: [], where: [], when: [], weekdays: "", hours: "", months: "", seasons: "", days: "",
  asof: "", known: "", other: "", by: "", measure: "", compare: "", group: [], under: [], map: "", rows: "",
  log: "", role: "", case: "", station: "", value: "", at: "", cell: "", every: "", period: "", record: "", grid: "", distance: "", top: "", view: "", drill: "", judged: "", indicators: "", department: "", radius: "", span: "", method: "", rule: "",
});

/** @typedef {keyof State} Field */

/**
 * Return the state that an address holds; what it does not name is empty, and what no state has is left out.
 * @param {string} hash such as `#explore?layer=requests&when=2024-03`
 * @returns {State}
 */
export function stateOf(hash) {
  const [board, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  const given = new URLSearchParams(query);
  /** @type {Record<string, string | string[]>} */
  const state = {};
  for (const [name, empty] of Object.entries(EMPTY)) {
    state[name] = Array.isArray(empty) ? given.getAll(name) : (given.get(name) ?? "");
  }
  state.board = board || EMPTY.board;
  if (!isView(String(state.map))) state.map = "";
  return /** @type {State} */ (/** @type {unknown} */ (state));
}

/**
 * Tell whether a text is a view of a map, `LON,LAT,ZOOM`: others show all of the city.
 * @param {string} text
 */
function isView(text) {
  const numbers = text.split(",").map(Number);
  return numbers.length === 3 && numbers.every(Number.isFinite) && Math.abs(numbers[0]) <= 180 && Math.abs(numbers[1]) <= 85;
}

/**
 * Return the part of an address that holds a state: `stateOf(hashOf(state))` equals it.
 * @param {State} state
 */
export function hashOf(state) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (name === "board") continue;
    for (const part of Array.isArray(value) ? value : [value]) if (part !== "" || Array.isArray(value)) query.append(name, part);
  }
  const text = query.toString();
  return `#${state.board}${text ? `?${text}` : ""}`;
}

/**
 * Keep the state of a store and the address of a window alike; a change of board or question is a step of its history.
 * @param {import("./store.js").Store} store
 * @param {Window} window
 * @returns {() => void} what ends it
 */
export function addressed(store, window) {
  const leave = store.subscribe((state, { replace }) => {
    const hash = hashOf(state);
    if (hash === window.location.hash) return;
    window.history[replace ? "replaceState" : "pushState"](null, "", hash);
  });
  const follow = () => store.set({ ...EMPTY, ...stateOf(window.location.hash) }, { replace: true });
  window.addEventListener("popstate", follow);
  window.addEventListener("hashchange", follow);
  return () => {
    leave();
    window.removeEventListener("popstate", follow);
    window.removeEventListener("hashchange", follow);
  };
}

/**
 * @param {string} text
 * @param {string} separator
 * @returns {[string, string?]}
 */
function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
