// The two instants of a board: as it was then, as known then. Typed, or now.
import { clockText, instantOf } from "../../core/cityclock.js";
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
      onChange=${(/** @type {string} */ text) => store.set({ known: instantOf(text, city.zone) || state.known })} />
    <${Typed} label=${t("instants.at")} value=${state.asof ? clockText(state.asof, city.zone) : ""} hint=${t("instants.same")}
      onChange=${(/** @type {string} */ text) => store.set({ asof: instantOf(text, city.zone) })} />
    <button type="button" onClick=${present}>${t("instants.now")}</button>
  </div>`;
}
