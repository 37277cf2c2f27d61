// By what areas the map is shaded, and with which measure.
import { choicesOf } from "../core/areas.js";
import { useAreaLayers, useLayer } from "../core/documents.js";
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { useNaming } from "../core/naming.js";
import { measuresOf } from "./question/measure.js";

/** @param {{state: import("../core/state.js").State, by: string | undefined}} given `by`: that which the map has now */
export function AreaChooser({ state, by }) {
  const { city, store, t } = useConsole();
  const layers = useAreaLayers();
  const choices = choicesOf(city, layers);
  const given = choices.includes(state.by) ? choices : [...choices, state.by];
  const name = (/** @type {string} */ choice) => {
    if (!choice) return t("areas.auto", { size: by?.startsWith("cell:") && !state.by ? by.slice(5) : "" });
    if (choice.startsWith("cell:")) return t("areas.cells", { size: choice.slice(5) });
    const layer = layers.find((each) => `in:${each.name}` === choice);
    return layer ? layer.title || layer.name : choice.startsWith("in:") ? choice.slice(3) : t(`areas.${choice}`);
  };
  return html`<label class="chooser">${t("areas.by")}
    <select value=${state.by} onChange=${(/** @type {Event} */ event) => store.set({ by: /** @type {HTMLSelectElement} */ (event.target).value })}>
      ${given.map((choice) => html`<option key=${choice} value=${choice} selected=${choice === state.by}>${name(choice)}</option>`)}
    </select></label>`;
}

/** @param {{state: import("../core/state.js").State}} given */
export function MeasureChooser({ state }) {
  const { store, t } = useConsole();
  const layer = useLayer(state.layer);
  const offered = measuresOf(layer, useNaming(layer), t);
  const chosen = state.measure || "count";
  const choose = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    store.set({ measure: value === "count" ? "" : value });
  };
  return html`<label class="chooser">${t("measure.label")}
    <select value=${chosen} disabled=${state.other !== ""} onChange=${choose}>
      ${offered.map(({ measure, name }) => html`<option key=${measure} value=${measure} selected=${measure === chosen}>${name}</option>`)}
      ${!offered.some(({ measure }) => measure === chosen) && html`<option value=${chosen} selected>${chosen}</option>`}
    </select></label>`;
}
