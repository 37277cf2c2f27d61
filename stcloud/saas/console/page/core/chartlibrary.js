// uPlot, loaded when the first chart is drawn.

/** @type {Promise<any> | undefined} */
let loading;

/**
 * Return the library.
 * @returns {Promise<any>}
 */
export function chartLibrary() {
  loading ??= import("../vendor/uplot.mjs").then((library) => library.default);
  return loading;
}
