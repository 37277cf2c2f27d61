// A map of the city's own layers, with what a board lays over them. No request leaves the service's own address.
import { useConsole } from "../core/hooks.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../core/html.js";
import { mapLibrary } from "../core/maplibrary.js";
import { createMapLayers } from "../core/maplayers.js";
import { namePoints } from "../core/maplabels.js";
import { ABSENT, POINT, SEQUENTIAL } from "../core/palette.js";
import { useScenes } from "../core/scenes.js";
import { underlays } from "../core/underlay.js";
import { MapTools } from "./maptools.js";

/**
 * @typedef {object} Overlay
 * @property {string} id
 * @property {"question" | "layer" | "geojson" | "image"} kind `question`: tiles of its answer; `layer`: of the city, as it was
 * @property {"areas" | "points" | "lines" | "shapes" | "outline" | "drawing"} [look] `shapes`: lines and points, as they are
 * @property {import("../core/question.js").Question} [question] of kinds `question` and `layer`
 * @property {string} [layer] the layer in the tiles; default that of the question
 * @property {any} [data] GeoJSON
 * @property {string} [path] of an image, below the city's address
 * @property {number[][]} [corners] of an image: longitude and latitude, from the north-west on, with the clock
 * @property {any} [colour] a colour, or an expression of MapLibre: the colour of a feature
 * @property {any} [radius] of points, in pixels
 * @property {number} [opacity]
 * @property {string} [label] the column whose values are written as names
 * @property {string} [title]
 * @property {number} [minzoom]
 * @property {number} [maxzoom]
 * @property {boolean} [hold] what is to come is not shown yet: its colours are still awaited
 * @property {(properties: Record<string, any>) => string} [hover] what is read of a feature below the pointer
 * @property {(properties: Record<string, any>, close: () => void) => any} [card] what is shown of a feature that was clicked
 * @property {(properties: Record<string, any>, id: any, at: {lng: number, lat: number}) => void} [onPick] a feature was clicked
 *
 * @typedef {object} Given
 * @property {Overlay[]} overlays
 * @property {string[]} [under] layers underneath, instead of those of the state
 * @property {import("../core/state.js").State} state
 * @property {(view: string) => void} onView the map was moved: `LON,LAT,ZOOM`
 * @property {() => void} [onIdle] all that is to be seen is drawn
 * @property {(at: {lng: number, lat: number}) => void} [onPlace] a place was clicked where nothing is to be picked
 * @property {string} [valid] instant of valid time of the layers underneath; default that of the state
 * @property {string} [summary] what the map shows, in words
 * @property {any} [children] legends and tables that lie over the map or below it
 * @property {"" | "box" | "area"} [shape] what is being drawn into the places of the question
 * @property {(shape: "" | "box" | "area") => void} [setShape] begins and ends that; without it nothing is drawn
 */

/** @param {Given} given */
export function MapView(given) {
  const { overlays, under, state, valid, summary, children, shape = "", setShape } = given;
  const { api, city, t, dark } = useConsole();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [map, setMap] = useState(/** @type {any} */ (null));
  const layers = useRef(/** @type {ReturnType<typeof createMapLayers> | null} */ (null));
  const newest = useRef(given);
  newest.current = given;
  const [drawing, setDrawing] = useState(/** @type {Overlay[]} */ ([]));
  const [card, setCard] = useState(/** @type {Picked | null} */ (null));
  const [reading, setReading] = useState("");
  const [fault, setFault] = useState("");
  const scenes = useScenes(under ?? state.under, valid || state.asof, state.known);
  const all = [...scenes, ...underlays(city, state, under ?? state.under, valid), ...overlays, ...drawing];

  useEffect(() => {
    let gone = false;
    /** @type {any} */
    let made = null;
    // Where the map will be is known before the library is: what depends on it can be asked for at once.
    const view = state.map || (city.bbox && place.current ? fitted(city.bbox, place.current.clientWidth, place.current.clientHeight) : "");
    if (view) given.onView(view);
    mapLibrary(api).then((library) => {
      if (gone || !place.current) return;
      made = library.mapIn(place.current, view, t("map"));
      made.on("load", () => {
        if (gone || !place.current) return;
        if (!state.map && city.bbox) made.jumpTo(cameraOf(fitted(city.bbox, place.current.clientWidth, place.current.clientHeight)));
        layers.current = createMapLayers(made, library.scheme);
        listen(made, layers.current, () => newest.current, { setReading, setCard, setFault });
        newest.current.onView(viewOf(made));
        setMap(made);
      });
    }, (error) => setFault(String(error?.message ?? error)));
    return () => {
      gone = true;
      layers.current = null;
      made?.remove();
    };
  }, []);
  useLayoutEffect(() => layers.current?.show(all, dark), [map, dark, ...all.map(({ data }) => data), JSON.stringify(all.map(({ data: _data, ...rest }) => rest))]);
  useEffect(() => {
    if (map && state.map && state.map !== viewOf(map) && !map.isMoving()) map.jumpTo(cameraOf(state.map));
  }, [map, state.map]);
  useEffect(() => setCard(null), [JSON.stringify(overlays.map(({ question }) => question))]);
  const shown = card && overlays.find(({ id }) => id === card.overlay)?.card?.(card.properties, () => setCard(null));
  return html`<div class="mapview" role="region" aria-label=${t("map.region")}>
    <div class="canvas" ref=${place}></div>
    <div class="crosshair" aria-hidden="true"></div>
    ${map && html`<${MapTools} map=${map} shape=${shape} setShape=${setShape} setDrawing=${setDrawing} />`}
    <p class="reading" data-shown=${reading !== ""}>${reading}</p>
    <p class="seen-not" role="status">${summary ?? ""} ${card ? "" : reading}</p>
    ${fault && html`<p class="map-fault" role="alert">${t("map.fault", { detail: fault })} <button type="button" onClick=${() => setFault("")}>${t("close")}</button></p>`}
    ${shown && html`<div class="map-card" role="group" aria-label=${t("map.area")} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && setCard(null)}>${shown}
      <button type="button" class="map-card-close" aria-label=${t("close")} onClick=${() => setCard(null)}>×</button></div>`}
    ${children}
  </div>`;
}

const MARK = "map-idle";

/** @typedef {{overlay: string, properties: Record<string, any>}} Picked */

/**
 * @param {any} map
 * @param {ReturnType<typeof createMapLayers>} layers
 * @param {() => Given} given the newest
 * @param {{setReading: (text: string) => void, setCard: (card: Picked | null) => void, setFault: (text: string) => void}} out
 */
function listen(map, layers, given, { setReading, setCard, setFault }) {
  /** @type {{source: string, sourceLayer?: string, id: any} | null} */
  let hovered = null;
  let names = "";

  const at = (/** @type {any} */ point) => {
    for (const [id, overlay] of layers.pickable()) {
      const [feature] = map.queryRenderedFeatures(point, { layers: [id] });
      if (feature) return { feature, overlay };
    }
    return null;
  };
  const read = (/** @type {any} */ point) => {
    const below = at(point);
    setReading(below?.overlay.hover?.(below.feature.properties) ?? "");
    if (hovered && map.getSource(hovered.source)) map.setFeatureState(hovered, { hovered: false });
    hovered = below && below.feature.id !== undefined ? { source: below.feature.source, sourceLayer: below.feature.sourceLayer, id: below.feature.id } : null;
    if (hovered) map.setFeatureState(hovered, { hovered: true });
    map.getCanvas().style.cursor = below && (below.overlay.card || below.overlay.onPick) ? "pointer" : "";
  };
  const pick = (/** @type {any} */ point, /** @type {any} */ lngLat) => {
    const below = at(point);
    if (!below) {
      setCard(null);
      given().onPlace?.(lngLat);
      return;
    }
    const { feature, overlay } = below;
    given().overlays.find(({ id }) => id === overlay.id)?.onPick?.(feature.properties, feature.id, lngLat);
    setCard(overlay.card ? { overlay: overlay.id, properties: feature.properties } : null);
  };
  const middle = () => map.project(map.getCenter());
  const byKeyboard = () => map.getCanvas().matches(":focus-visible");
  map.on("mousemove", (/** @type {any} */ event) => !map._drawing && read(event.point));
  map.on("mouseout", () => setReading(""));
  map.on("click", (/** @type {any} */ event) => !map._drawing && pick(event.point, event.lngLat));
  map.getCanvas().addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !map._drawing) pick(middle(), map.getCenter());
  });
  map.on("moveend", () => {
    given().onView(viewOf(map));
    if (byKeyboard() && !map._drawing) read(middle());
  });
  map.on("idle", () => {
    const data = namePoints(map, layers.named());
    const text = JSON.stringify(data);
    if (text !== names) layers.name(data);
    names = text;
    if (layers.isComing()) return;
    performance.mark(MARK);
    given().onIdle?.();
  });
  map.on("error", (/** @type {any} */ event) => event.error?.name !== "AbortError" && setFault(String(event.error?.message || event.error?.kind || event.error)));
}

/** @param {any} map */
export function viewOf(map) {
  const { lng, lat } = map.getCenter();
  return `${lng.toFixed(5)},${lat.toFixed(5)},${map.getZoom().toFixed(2)}`;
}

const MARGIN = 24;

/**
 * Return the view in which an extent fills a map.
 * @param {number[]} extent west, south, east, north
 * @param {number} width @param {number} height pixels
 */
function fitted([west, south, east, north], width, height) {
  const y = (/** @type {number} */ lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);
  const most = Math.min(Math.max(width - 2 * MARGIN, 50) / ((east - west) / 360 || 1e-9), Math.max(height - 2 * MARGIN, 50) / (y(north) - y(south) || 1e-9));
  const middle = (y(south) + y(north)) / 2;
  const lat = (Math.atan(Math.exp(middle * 2 * Math.PI)) * 360) / Math.PI - 90;
  return `${((west + east) / 2).toFixed(5)},${lat.toFixed(5)},${Math.min(Math.log2(most / 512), 17).toFixed(2)}`;
}

/** @param {string} view */
function cameraOf(view) {
  const [lng, lat, zoom] = view.split(",").map(Number);
  return { center: [lng, lat], zoom };
}

export { ABSENT, POINT, SEQUENTIAL };
