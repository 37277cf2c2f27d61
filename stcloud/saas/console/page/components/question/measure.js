// What is measured, and what it is put beside.
import { compareOf } from "../../core/asked.js";
import { quotedName } from "../../core/condition.js";
import { useLayer } from "../../core/documents.js";
import { instantText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { useNaming } from "../../core/naming.js";
import { durationsOf } from "./conditionform.js";
import { PlaceWords } from "./described.js";
import { PlaceForm } from "./placeform.js";
import { Fault, Section } from "./section.js";

/** @param {{state: import("../../core/state.js").State, faults: import("./faults.js").Faults}} given */
export function MeasureAndCompare({ state, faults }) {
  return html`<${Section} name="measure" count=${(state.measure ? 1 : 0) + (state.compare ? 1 : 0)}>
    <${Measure} state=${state} />
    <${Fault} problem=${faults("measure")} />
    <${Compare} state=${state} />
    <${Fault} problem=${faults("compare")} />
  <//>`;
}

/**
 * Return what can be measured of a layer, each with its name.
 * @param {import("../../core/documents.js").LayerDocument | undefined} layer
 * @param {import("../../core/naming.js").Naming} naming
 * @param {import("../../core/words.js").Translate} t
 * @returns {{measure: string, name: string}[]}
 */
export function measuresOf(layer, naming, t) {
  const durations = layer ? durationsOf(layer) : [];
  const numbers = layer?.columns.filter(({ type, name }) => (type === "number" || type === "integer") && !/^(lon|lat|longitude|latitude|x|y)$/i.test(name)) ?? [];
  const of = (/** @type {string} */ form, /** @type {string} */ column) => ({ measure: `${form}(${quotedName(column)})`, name: t(`measure.${form}`, { column: naming.column(column) }) });
  return [
    { measure: "count", name: t("measure.count") },
    { measure: "per_km2", name: t("measure.per_km2") },
    ...durations.flatMap(({ end, start }) => ["median", "p90", "mean"].map((form) => ({
      measure: `${form}(days(${quotedName(end)} - ${quotedName(start)}))`,
      name: t(`measure.${form}.days`, { end: naming.column(end)}),
    }))),
    ...numbers.flatMap(({ name }) => ["mean", "median", "sum"].map((form) => of(form, name))),
  ];
}

/**
 * Return what a measure is called; as it is written where it has no name.
 * @param {string} measure
 * @param {import("../../core/documents.js").LayerDocument | undefined} layer
 * @param {import("../../core/naming.js").Naming} naming
 * @param {import("../../core/words.js").Translate} t
 */
export function measureName(measure, layer, naming, t) {
  const close = (/** @type {string} */ text) => text.replaceAll(/\s/g, ""); // spaces are as its writer likes
  const known = measuresOf(layer, naming, t).find((each) => close(each.measure) === close(measure || "count"));
  return known?.name ?? measure;
}

/** @param {{state: import("../../core/state.js").State}} given */
function Measure({ state }) {
  const { store, t } = useConsole();
  const id = useId();
  const layer = useLayer(state.layer);
  const offered = measuresOf(layer, useNaming(layer), t);
  const chosen = state.measure || "count";
  const own = !offered.some(({ measure }) => measure === chosen);
  const [typing, setTyping] = useState(false);
  const choose = (/** @type {any} */ event) => {
    setTyping(event.target.value === "own");
    if (event.target.value !== "own") store.set({ measure: event.target.value === "count" ? "" : event.target.value });
  };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const measure = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("measure") ?? "").trim();
    if (measure) store.set({ measure });
    setTyping(false);
  };
  return html`<label for=${`${id}measure`}>${t("measure.label")}</label>
    <select id=${`${id}measure`} value=${typing ? "own" : chosen} onChange=${choose}>
      ${offered.map(({ measure, name }) => html`<option value=${measure}>${name}</option>`)}
      ${own && html`<option value=${chosen}>${chosen}</option>`}
      <option value="own">${t("measure.own")}</option>
    </select>
    ${typing && html`<form class="form" onSubmit=${submit}>
      <label for=${`${id}own`}>${t("measure.own")}</label>
      <input id=${`${id}own`} name="measure" required spellcheck=${false} placeholder="quantile(days(closed_at - reported_at), 0.75)" />
      <button type="submit">${t("when.set")}</button>
    </form>`}`;
}

/** @param {{state: import("../../core/state.js").State}} given */
function Compare({ state }) {
  const { store, t } = useConsole();
  const id = useId();
  const [placing, setPlacing] = useState(false);
  const form = state.compare.split(":")[0];
  const choose = (/** @type {any} */ event) => {
    setPlacing(event.target.value === "where");
    if (event.target.value !== "where") store.set({ compare: event.target.value });
  };
  const done = (/** @type {string} */ place) => {
    setPlacing(false);
    store.set({ compare: `where:${place}` });
  };
  const rest = state.compare.slice(form.length + 1);
  return html`<label for=${`${id}compare`}>${t("compare.label")}</label>
    <select id=${`${id}compare`} value=${placing ? "where" : form} onChange=${choose}>
      <option value="">${t("compare.none")}</option>
      <option value="previous">${t("compare.previous")}</option>
      <option value="year">${t("compare.year")}</option>
      <option value="where">${t("compare.where")}</option>
      ${["known-at", "as-of"].includes(form) && html`<option value=${form}>${t(`compare.${form}`, { at: instantText(rest) })}</option>`}
    </select>
    ${form === "where" && !placing && html`<p class="note">${t("compare.with")} <${PlaceWords} text=${rest} /></p>`}
    ${placing && html`<${PlaceForm} at=${state.at} onDone=${done} onCancel=${() => setPlacing(false)} />`}
    ${state.compare && !("compare" in compareOf(state)) && html`<p class="note">${t("compare.period")}</p>`}`;
}
