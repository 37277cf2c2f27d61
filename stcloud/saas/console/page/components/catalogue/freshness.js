// Whether a layer is stale, by a sign, words and colour.
import { clockText } from "../../core/cityclock.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { cycleText, freshnessOf } from "./layers.js";

/** @param {{layer: import("./layers.js").LayerDocument, long?: boolean}} given `long`: since when, and how often it should come */
export function Freshness({ layer, long = false }) {
  const { city, t } = useConsole();
  const fresh = freshnessOf(layer);
  const cycle = cycleText(layer.update_cycle, t);
  const text = long ? t(`fresh.${fresh}.long`, { since: clockText(layer.stale_since, city.zone), cycle }) : t(`fresh.${fresh}`);
  return html`<span class=${`badge ${fresh} ${long ? "long" : ""}`}>${fresh === "stale" ? "⚠ " : fresh === "current" ? "✓ " : ""}${text}${!long && fresh !== "unstated" ? ` · ${cycle}` : ""}</span>`;
}
