// Colours of lines: those of the palette; black is white where the page is dark.
import { LINES } from "../../core/palette.js";

/** @param {boolean} dark */
export function lineColours(dark) {
  return LINES.map((colour) => (dark && colour === "#000000" ? "#ffffff" : dark && colour === "#0072b2" ? "#4aa8e0" : colour));
}
