// Buttons of a map: nearer, farther, all of the city, an area of one's own; and the scale.
import { useConsole } from "../core/hooks.js";
import { html, useEffect, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { useDrawing } from "./mapdrawing.js";

/**
 * @param {{map: any, shape: "" | "box" | "area", setShape?: (shape: "" | "box" | "area") => void,
 *   setDrawing: (overlays: import("./mapview.js").Overlay[]) => void}} given
 */
export function MapTools({ map, shape, setShape, setDrawing }) {
  const { city, t } = useConsole();
  const draw = useDrawing(map, shape, setShape ?? (() => {}), setDrawing);
  const begin = (/** @type {"box" | "area"} */ kind) => setShape?.(shape === kind ? "" : kind);
  const extent = city.bbox;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const to = (/** @type {number} */ by) => map.easeTo({ zoom: map.getZoom() + by, duration: still ? 0 : 200 });
  return html`<div class="map-tools" role="group" aria-label=${t("map.tools")}>
    <button type="button" aria-label=${t("map.nearer")} title=${t("map.nearer")} onClick=${() => to(1)}>+</button>
    <button type="button" aria-label=${t("map.farther")} title=${t("map.farther")} onClick=${() => to(-1)}>−</button>
    ${extent && html`<button type="button" aria-label=${t("map.all")} title=${t("map.all")} onClick=${() => map.fitBounds(extent, { padding: 24, duration: 0 })}>⤢</button>`}
    ${setShape && html`<button type="button" aria-pressed=${shape === "box"} aria-label=${t("draw.box")} title=${t("draw.box")} onClick=${() => begin("box")}>▭</button>
      <button type="button" aria-pressed=${shape === "area"} aria-label=${t("draw.area")} title=${t("draw.area")} onClick=${() => begin("area")}>⬠</button>`}
  </div>
  ${shape && html`<div class="draw-help" role="status">${t(`draw.help.${shape}`)}
    <button type="button" onClick=${draw.finish} disabled=${!draw.whole}>${t("draw.finish")}</button>
    <button type="button" onClick=${draw.cancel}>${t("draw.cancel")}</button></div>`}
  <${ScaleBar} map=${map} />`;
}

const MOST_PIXELS = 110;
const EQUATOR_M = 40_075_016.7;

/** @param {{map: any}} given */
function ScaleBar({ map }) {
  const { t, lang } = useConsole();
  const [bar, setBar] = useState(barOf(map));
  useEffect(() => {
    const follow = () => setBar(barOf(map));
    map.on("move", follow);
    return () => map.off("move", follow);
  }, [map]);
  const text = bar.metres >= 1000 ? `${numberText(bar.metres / 1000, lang)} km` : `${numberText(bar.metres, lang)} m`;
  return html`<div class="scale-bar" role="img" aria-label=${t("map.scale", { length: text })} style=${{ width: `${bar.pixels}px` }}>${text}</div>`;
}

/** The longest round length of a bar at the middle of the map. @param {any} map */
function barOf(map) {
  const metres = (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** map.getZoom() / 512;
  const most = metres * MOST_PIXELS;
  const power = 10 ** Math.floor(Math.log10(most));
  const round = [5, 2, 1].map((first) => first * power).find((length) => length <= most) ?? power;
  return { metres: round, pixels: Math.round(round / metres) };
}
