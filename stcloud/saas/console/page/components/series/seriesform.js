// Which value, of which time, by which bins; and what is shown as a file.
import { download, fileName } from "../../core/exporting.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { Choice, Typed } from "../board/controls.js";
import { documentOf } from "./readings.js";

const BINS = ["", "1h", "1d", "1W", "1M", "1Y"];
const METHODS = ["mean", "max", "min", "median", "p90", "sum", "count"];

/**
 * @param {{chosen: import("./readings.js").Chosen, about: any, readings: import("./readings.js").Readings, state: import("../../core/state.js").State, layers: any[], layer: any}} given
 */
export function SeriesForm({ chosen, about, state, layers, layer }) {
  const { api, store, t } = useConsole();
  const set = (/** @type {Partial<import("../../core/state.js").State>} */ part) => store.set({ layer: chosen.layer, ...part });
  const keep = async () => {
    const table = await api.bytes("/series", { accept: "text/csv", document: documentOf(chosen, state) });
    download(fileName(chosen.layer, `${chosen.value}-${chosen.every || "readings"}`, "csv"), new Blob([table], { type: "text/csv;charset=utf-8" }));
  };
  const values = about.values.map((/** @type {any} */ value) => ({ value: value.name, text: `${value.title ?? value.name}${value.unit ? ` (${value.unit})` : ""}` }));
  return html`<div class="controls">
    ${layers.length > 1 && html`<${Choice} label=${t("layer")} value=${layer.name} options=${layers.map(({ name, title }) => ({ value: name, text: title }))} onChange=${(/** @type {string} */ name) => store.set({ layer: name, station: "", value: "", span: "", rule: "" })} />`}
    <${Choice} label=${t("series.value")} value=${chosen.value} options=${values} onChange=${(/** @type {string} */ value) => set({ value, rule: "" })} />
    <${Typed} label=${t("series.span")} value=${chosen.span} hint="2016-12, 2016-12-01/2016-12-08" onChange=${(/** @type {string} */ span) => set({ span })} />
    <${Choice} label=${t("series.every")} value=${chosen.every} options=${BINS.map((value) => ({ value, text: t(`every.${value || "reading"}`) }))} onChange=${(/** @type {string} */ every) => set({ every })} />
    ${chosen.every && html`<${Choice} label=${t("series.method")} value=${chosen.method} options=${METHODS.map((value) => ({ value, text: t(`method.${value}`) }))} onChange=${(/** @type {string} */ method) => set({ method })} />`}
    <button type="button" onClick=${keep}>CSV</button>
  </div>`;
}
