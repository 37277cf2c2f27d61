// Colours of maps and charts: those of stcloud/saas/report/palette.py, safe for colour-blind eyes.

export const SEQUENTIAL = Object.freeze(["#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026", "#6b0020"]);
export const BELOW = Object.freeze(["#c3bcdc", "#8073ac", "#4a1f80"]);
export const ABOVE = Object.freeze(["#fdc477", "#e08214", "#8a4206"]);
export const LINES = Object.freeze(["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]);
export const POINT = "#bd0026";
export const ZERO = "#ffffff";
export const ABSENT = "#e8eaed";
export const NO_VALUE = "#d0d4d9";
/** Faces of hot and of cold spots by their class. */
export const HOT = Object.freeze({
  new: "#f0cf45", consecutive: "#ffa010", intensifying: "#380006", persistent: "#763000",
  diminishing: "#ad3045", sporadic: "#fb6b78", oscillating: "#da4608", historical: "#f4e4bd",
});
export const COLD = Object.freeze({
  new: "#12c6f7", consecutive: "#5494ff", intensifying: "#05053f", persistent: "#0a1a80",
  diminishing: "#0f24cf", sporadic: "#847fac", oscillating: "#005fe0", historical: "#aedfff",
});
