// A place: a named area, what is near a feature or a point, a part of the unit grid, an area that is drawn.
import { layerOf } from "../../core/asked.js";
import { useAreaLayers, useDocument } from "../../core/documents.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useId, useRef, useState } from "../../core/html.js";
import { placeText } from "../../core/place.js";
import { FeatureSearch } from "./featuresearch.js";

/** @typedef {import("../../core/features.js").Named} Named */

/**
 * @param {{at: string, onDone: (place: string) => void, onCancel: () => void, onDraw?: () => void}} given
 *   `at`: the marked place, `LON,LAT`; `onDraw`: lets an area be drawn on the map
 */
export function PlaceForm({ at, onDone, onCancel, onDraw }) {
  const { city, t } = useConsole();
  const id = useId();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const areas = useAreaLayers();
  const features = city.layers.filter(({ kind }) => kind === "feature");
  const [chosen, setChosen] = useState("");
  const [kind, name = ""] = split(chosen || (areas.length ? `in ${areas[0].name}` : features.length ? `near ${features[0].name}` : "point"));
  const [feature, setFeature] = useState(/** @type {Named | undefined} */ (undefined));
  const [metres, setMetres] = useState("200");
  const [point, setPoint] = useState(at);
  const [text, setText] = useState("");
  useEffect(() => form.current?.querySelector("select")?.focus(), []);
  useEffect(() => setPoint(at), [at]);
  const choose = (/** @type {any} */ event) => {
    setFeature(undefined);
    setText("");
    if (event.target.value === "draw") onDraw?.();
    else setChosen(event.target.value);
  };
  const place = placeWith({ kind, name, feature, metres, point, text });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (place) onDone(place);
  };
  const title = (/** @type {string} */ layer) => layerOf(city, layer)?.title ?? layer;
  return html`<form ref=${form} class="form place" onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && onCancel()}>
    <label for=${`${id}kind`}>${t("place.kind")}</label>
    <select id=${`${id}kind`} value=${name ? `${kind} ${name}` : kind} onChange=${choose}>
      ${areas.map((layer) => html`<option value=${`in ${layer.name}`}>${t("place.in", { layer: title(layer.name) })}</option>`)}
      ${features.map((layer) => html`<option value=${`near ${layer.name}`}>${t("place.near", { layer: title(layer.name) })}</option>`)}
      <option value="point">${t("place.point")}</option>
      ${features.map((layer) => html`<option value=${`any ${layer.name}`}>${t("place.any", { layer: title(layer.name) })}</option>`)}
      ${city.grids.length > 0 && html`<option value="unit">${t("place.unit")}</option>`}
      ${onDraw && html`<option value="draw">${t("place.draw")}</option>`}
      <option value="text">${t("place.text")}</option>
    </select>
    ${(kind === "in" || kind === "near") && html`<${FeatureSearch} key=${name} layer=${name} chosen=${feature} onChoose=${setFeature} />`}
    ${kind === "point" && html`<label for=${`${id}point`}>${t("place.point.label")}</label>
      <input id=${`${id}point`} required inputmode="decimal" placeholder="122.99,30.01" value=${point} onInput=${(/** @type {any} */ event) => setPoint(event.target.value)} />`}
    ${kind === "unit" && html`<${UnitSearch} prefix=${text} onChange=${setText} />`}
    ${kind === "text" && html`<label for=${`${id}text`}>${t("place.text")}</label>
      <textarea id=${`${id}text`} rows="3" spellcheck=${false} value=${text} placeholder="communities:C01 and not near:streets:20m"
        onInput=${(/** @type {any} */ event) => setText(event.target.value)}></textarea>`}
    ${["near", "point", "any"].includes(kind) && html`<label for=${`${id}metres`}>${t("place.metres")}</label>
      <input id=${`${id}metres`} type="number" min="0" step="any" required value=${metres} onInput=${(/** @type {any} */ event) => setMetres(event.target.value)} />`}
    <p class="actions">
      <button type="submit" disabled=${!place}>${t("place.add")}</button>
      <button type="button" onClick=${onCancel}>${t("cancel")}</button>
    </p>
  </form>`;
}

/** @param {string} text @returns {[string, string?]} */
function split(text) {
  const at = text.indexOf(" ");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * @param {{kind: string, name: string, feature: Named | undefined, metres: string, point: string, text: string}} given
 * @returns {string | undefined} undefined: something is missing
 */
function placeWith({ kind, name, feature, metres, point, text }) {
  const distance = metres === "" ? undefined : `${Number(metres)}m`;
  if (kind === "in") return feature && placeText({ form: "feature", layer: name, key: feature.key });
  if (kind === "near") return feature && distance && placeText({ form: "near", layer: name, key: feature.key, distance });
  if (kind === "any") return distance && placeText({ form: "near-layer", layer: name, distance });
  if (kind === "unit") return /^\d{1,15}$/.test(text) ? placeText({ form: "unit", prefix: text }) : undefined;
  if (kind === "text") return text.trim() || undefined;
  const lonlat = point.split(/[,\s]+/).filter(Boolean);
  return distance && lonlat.length === 2 && lonlat.every((part) => part !== "" && Number.isFinite(Number(part))) ? placeText({ form: "near-point", point: lonlat.join(","), distance }) : undefined;
}

/** @param {{prefix: string, onChange: (prefix: string) => void}} given */
function UnitSearch({ prefix, onChange }) {
  const { t } = useConsole();
  const id = useId();
  const areas = useDocument("/grids").value?.grids.flatMap((/** @type {any} */ grid) => grid.areas) ?? [];
  return html`<label for=${`${id}part`}>${t("place.unit.part")}</label>
    <select id=${`${id}part`} value=${areas.some((/** @type {any} */ area) => area.code === prefix) ? prefix : ""} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      <option value="">${t("choose")}</option>
      ${["district", "street", "community"].map((kind) => html`<optgroup label=${t(`grouped.${kind}`)}>
        ${areas.filter((/** @type {any} */ area) => area.kind === kind).map((/** @type {any} */ area) => html`<option value=${area.code}>${area.name ? `${area.name} · ${area.code}` : area.code}</option>`)}
      </optgroup>`)}
    </select>
    <label for=${`${id}prefix`}>${t("place.unit.prefix")}</label>
    <input id=${`${id}prefix`} inputmode="numeric" pattern="[0-9]*" maxlength="15" value=${prefix} onInput=${(/** @type {any} */ event) => onChange(event.target.value)} />`;
}
