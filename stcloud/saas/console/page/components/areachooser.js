// By what areas the map is shaded, and with which measure.
import { choicesOf } from "../core/areas.js";
import { useAreaLayers, useLayer } from "../core/documents.js";
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { Typed } from "./validclock.js";

const OWN = " ";

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
  const columns = useLayer(state.layer)?.columns ?? [];
  const [began, ended] = columns.filter(({ type }) => type === "instant").map(({ name }) => name);
  const numbers = columns.filter(({ type, classes }) => type === "number" || (type === "integer" && !classes)).map(({ name }) => name);
  const given = [
    ["", t("measure.count")], ["per_km2", t("measure.per-km2")],
    ...(ended ? [[`median(days(${ended} - ${began}))`, t("measure.days", { from: began, to: ended })]] : []),
    ...numbers.filter((name) => !/^(lon|lat|x|y)$/i.test(name)).slice(0, 6).map((name) => [`mean(${name})`, t("measure.mean", { column: name })]),
  ];
  const isOwn = state.measure !== "" && !given.some(([measure]) => measure === state.measure);
  const choose = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    store.set({ measure: value === OWN ? "count()" : value });
  };
  return html`<label class="chooser">${t("measure")}
    <select value=${isOwn ? OWN : state.measure} disabled=${state.other !== ""} onChange=${choose}>
      ${given.map(([measure, text]) => html`<option key=${measure} value=${measure} selected=${measure === state.measure}>${text}</option>`)}
      <option value=${OWN} selected=${isOwn}>${t("measure.own")}</option>
    </select></label>
    ${isOwn && html`<${Typed} value=${state.measure} label=${t("measure.own")} hint="median(days(closed - opened))" onSet=${(/** @type {string} */ measure) => store.set({ measure: measure === "count" ? "" : measure })} />`}`;
}
