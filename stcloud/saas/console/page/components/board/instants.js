// The two instants of a board: as it was then, as known then. Typed, or now.
import { clockText } from "../../core/cityclock.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { Typed } from "./controls.js";

/** @param {{state: import("../../core/state.js").State}} given */
export function Instants({ state }) {
  const { api, city, store, t } = useConsole();
  const present = async () => {
    const { now } = await api.get("/console.json");
    store.set({ known: now, asof: "" });
  };
  return html`<div class="instants" role="group" aria-label=${t("instants")}>
    <${Typed} label=${t("instants.known")} value=${clockText(state.known, city.zone)} hint="2024-12-01 00:00"
      onChange=${(/** @type {string} */ text) => text && store.set({ known: instantOf(text) })} />
    <${Typed} label=${t("instants.at")} value=${state.asof ? clockText(state.asof, city.zone) : ""} hint=${t("instants.same")}
      onChange=${(/** @type {string} */ text) => store.set({ asof: text && instantOf(text) })} />
    <button type="button" onClick=${present}>${t("instants.now")}</button>
  </div>`;
}

/**
 * Return an instant as the service reads it; one without an offset is on the city's clock.
 * @param {string} text
 */
function instantOf(text) {
  return text.trim().replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d)/, "$1T$2");
}
