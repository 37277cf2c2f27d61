// An area of one's own: corners by clicks, or, with the keyboard, where the cross in the middle of the map is.
import { useConsole } from "../core/hooks.js";
import { useEffect, useRef, useState } from "../core/html.js";

const DIGITS = 6;

/**
 * Return how areas are drawn into the places of the question.
 * @param {any} map
 * @param {"" | "box" | "area"} shape
 * @param {(shape: "" | "box" | "area") => void} setShape
 * @param {(overlays: import("./mapview.js").Overlay[]) => void} setDrawing what is drawn so far
 */
export function useDrawing(map, shape, setShape, setDrawing) {
  const { store } = useConsole();
  const [corners, setCorners] = useState(/** @type {[number, number][]} */ ([]));
  const [pointer, setPointer] = useState(/** @type {[number, number] | null} */ (null));
  const newest = useRef(corners);
  newest.current = corners;
  const end = () => setShape("");
  const finish = (/** @type {[number, number][]} */ given = newest.current) => {
    if (given.length < least(shape)) return;
    store.set({ where: [...store.get().where, textOf(shape, given)] });
    end();
  };
  useEffect(() => {
    setCorners([]);
    setPointer(null);
    setDrawing([]);
    if (!shape) return () => {};
    const canvas = map.getCanvas();
    const add = (/** @type {{lng: number, lat: number}} */ { lng, lat }) => {
      const given = [...newest.current, /** @type {[number, number]} */ ([round(lng), round(lat)])];
      setCorners(given);
      if (shape === "box" && given.length === 2) finish(given);
    };
    const click = (/** @type {any} */ event) => add(event.lngLat);
    const move = (/** @type {any} */ event) => setPointer([event.lngLat.lng, event.lngLat.lat]);
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        if (event.key === "Enter" && newest.current.length >= least(shape)) finish();
        else add(map.getCenter());
      }
      if (event.key === "Escape") end();
      if (event.key === "Backspace") setCorners(newest.current.slice(0, -1));
    };
    map._drawing = true;
    map.doubleClickZoom.disable();
    const twice = () => finish(newest.current.slice(0, -1));
    const listening = [map.on("click", click), map.on("mousemove", move), map.on("dblclick", twice)];
    canvas.addEventListener("keydown", key);
    canvas.style.cursor = "crosshair";
    return () => {
      map._drawing = false;
      map.doubleClickZoom.enable();
      for (const each of listening) each.unsubscribe();
      canvas.removeEventListener("keydown", key);
      canvas.style.cursor = "";
    };
  }, [shape, map]);
  useEffect(() => {
    if (!shape) return;
    const line = pointer ? [...corners, pointer] : corners;
    setDrawing([{ id: "drawing", kind: "geojson", look: "drawing", data: drawnSoFar(shape, line, corners) }]);
  }, [shape, corners, pointer]);
  return { whole: shape !== "" && corners.length >= least(shape), finish: () => finish(), cancel: end };
}

/** @param {string} shape */
const least = (shape) => (shape === "box" ? 2 : 3);

/** @param {number} degrees */
const round = (degrees) => Number(degrees.toFixed(DIGITS));

/** @param {string} shape @param {[number, number][]} corners */
function textOf(shape, corners) {
  if (shape === "box") {
    const [[w, s], [e, n]] = [0, 1].map((at) => [0, 1].map((axis) => (at ? Math.max : Math.min)(corners[0][axis], corners[1][axis])));
    return `bbox:${w},${s},${e},${n}`;
  }
  return `wkt:POLYGON((${[...corners, corners[0]].map((corner) => corner.join(" ")).join(", ")}))`;
}

/** @param {string} shape @param {[number, number][]} line @param {[number, number][]} corners */
function drawnSoFar(shape, line, corners) {
  const feature = (/** @type {string} */ type, /** @type {any} */ coordinates) => ({ type: "Feature", properties: {}, geometry: { type, coordinates } });
  const [first, last] = [line[0], line.at(-1)];
  const ring = shape === "box" && first && last ? [first, [last[0], first[1]], last, [first[0], last[1]], first] : [...line, first];
  const features = corners.map((corner) => feature("Point", corner));
  if (shape === "box" ? line.length === 2 : line.length > 2) features.push(feature("Polygon", [ring]));
  else if (line.length === 2) features.push(feature("LineString", line));
  return { type: "FeatureCollection", features };
}
