// A place that is typed: longitude and latitude in degrees.
import { useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { Typed } from "../board/controls.js";

const PAIR = /^\s*(-?\d+(?:\.\d+)?)\s*[,;\s，]\s*(-?\d+(?:\.\d+)?)\s*$/;

/** @param {{state: import("../../core/state.js").State}} given */
export function PlaceText({ state }) {
  const { store, t } = useConsole();
  const [wrong, setWrong] = useState("");
  const typed = (/** @type {string} */ text) => {
    const at = placeOf(text);
    setWrong(text && !at ? text : "");
    if (at || !text) store.set({ at });
  };
  return html`<${Typed} label=${t("situation.coordinates")} value=${state.at} hint="122.9996,30.0149" onChange=${typed} />
    ${wrong && html`<p role="alert" class="wrong">${t("situation.unreadable", { text: wrong })}</p>`}`;
}

/**
 * Return a place as the state holds it, `LON,LAT`; empty: the text is none.
 * @param {string} text
 */
export function placeOf(text) {
  const [, lon, lat] = PAIR.exec(text) ?? [];
  const isPlace = lon !== undefined && Math.abs(Number(lon)) <= 180 && Math.abs(Number(lat)) <= 90;
  return isPlace ? `${lon},${lat}` : "";
}
