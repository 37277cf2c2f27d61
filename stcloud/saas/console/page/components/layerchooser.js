// Which of the city's layers lie underneath.
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { layersUnder, shownUnder } from "../core/underlay.js";

/** @param {{state: import("../core/state.js").State}} given */
export function LayerChooser({ state }) {
  const { city, store, t } = useConsole();
  const there = layersUnder(city);
  if (!there.length) return null;
  const shown = shownUnder(city, state.under).map(({ name }) => name);
  const change = (/** @type {string} */ name, /** @type {boolean} */ on) => {
    const names = there.map((layer) => layer.name).filter((other) => (other === name ? on : shown.includes(other)));
    store.set({ under: names.length ? names : ["none"] }, { replace: true });
  };
  return html`<details class="popover layer-chooser">
    <summary>${t("layers.under")}</summary>
    <fieldset><legend class="seen-not">${t("layers.under")}</legend>
      ${there.map(({ name, title }) => html`<label key=${name}><input type="checkbox" checked=${shown.includes(name)}
        onChange=${(/** @type {Event} */ event) => change(name, /** @type {HTMLInputElement} */ (event.target).checked)} /> ${title ?? name}</label>`)}
    </fieldset>
  </details>`;
}
