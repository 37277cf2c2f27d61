// Which layer is asked.
import { layerOf } from "../../core/asked.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId } from "../../core/html.js";
import { instantText, localText } from "../../core/format.js";

/** @param {{state: import("../../core/state.js").State}} given */
export function LayerChooser({ state }) {
  const { city, store, t } = useConsole();
  const id = useId();
  const layer = layerOf(city, state.layer);
  const offered = city.layers.filter(({ kind, may }) => kind !== "scene" && (!may || may.includes("count") || may.includes("read")));
  // Conditions, measures and narrowings are of columns that another layer has not.
  const choose = (/** @type {any} */ event) => store.set({ layer: event.target.value, what: [], group: [], measure: "", by: "", rows: "" });
  const local = (/** @type {string} */ at) => instantText(localText(Date.parse(at), city.zone));
  return html`<div class="layer">
    <label for=${id}>${t("layer.label")}</label>
    <select id=${id} value=${state.layer} onChange=${choose}>
      ${["event", "feature"].map((kind) => {
        const layers = offered.filter((each) => each.kind === kind);
        return layers.length > 0 && html`<optgroup key=${kind} label=${t(`layer.${kind}`)}>
          ${layers.map(({ name, title }) => html`<option value=${name}>${title && title !== name ? `${title} (${name})` : name}</option>`)}</optgroup>`;
      })}
    </select>
    ${layer?.last_load && html`<p class="note ${layer.stale_since ? "stale" : ""}">
      ${t(layer.stale_since ? "layer.stale" : "layer.loaded", { at: local(layer.last_load.recorded), cycle: layer.update_cycle ?? "" })}</p>`}
  </div>`;
}
