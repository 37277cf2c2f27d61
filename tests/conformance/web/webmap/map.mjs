// A map as others write it: it reads the document of a tileset, and draws the tiles that its template names.
import { Map } from "./maplibre-gl.mjs";

const map = new Map({
  container: "map",
  style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#f4f1ea" } }] },
  attributionControl: false,
  fadeDuration: 0,
  zoom: 2,
});
const faults = [];
map.on("error", (event) => faults.push(String(event.error?.message ?? event.error)));

const LOOKS = [
  { id: "areas", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#3b7dd8", "fill-opacity": 0.5 } },
  { id: "edges", type: "line", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": "#1d4f91", "line-width": 2 } },
  {
    id: "points", type: "circle", filter: ["==", ["geometry-type"], "Point"],
    paint: {
      "circle-color": "#c8372d", "circle-stroke-color": "#ffffff", "circle-stroke-width": 2,
      "circle-radius": ["+", 5, ["*", 2, ["sqrt", ["coalesce", ["get", "count"], 1]]]],
    },
  },
];

/** Return when all that the map shows is there. */
const idle = () => new Promise((done) => map.once("idle", done));

/** Draw the tiles of a tileset, with parameters in their addresses, and of the zooms from `least` to `most` alone. */
async function show({ tileset, parameters, center, zoom, least = 0, most = 22 }) {
  const answer = await fetch(tileset);
  const described = await answer.json();
  const { href } = described.links.find((link) => link.templated && link.type === "application/vnd.mapbox-vector-tile");
  const address = href.replace("{tileMatrix}", "{z}").replace("{tileRow}", "{y}").replace("{tileCol}", "{x}");
  const asked = new URLSearchParams(parameters).toString();
  for (const look of LOOKS) if (map.getLayer(look.id)) map.removeLayer(look.id);
  if (map.getSource("city")) map.removeSource("city");
  map.jumpTo({ center, zoom });
  map.addSource("city", { type: "vector", tiles: [asked ? `${address}?${asked}` : address], minzoom: least, maxzoom: most });
  const layer = described.layers[0].id;
  for (const look of LOOKS) map.addLayer({ ...look, source: "city", "source-layer": layer });
  await idle();
  return seen(layer);
}

/** Go to another place of what is drawn. */
async function go({ center, zoom, layer }) {
  map.jumpTo({ center, zoom });
  map.triggerRepaint();
  await idle();
  return seen(layer);
}

/** Return the features that the map holds, and those that it has drawn. */
function seen(layer) {
  const plain = (feature) => ({ id: feature.id, properties: feature.properties, geometry: feature.geometry });
  return {
    held: map.querySourceFeatures("city", { sourceLayer: layer }).map(plain),
    drawn: map.queryRenderedFeatures({ layers: LOOKS.map((look) => look.id) }).map((feature) => ({ ...plain(feature), look: feature.layer.id })),
    faults,
  };
}

/** Return where places are on the screen. */
const at = (places) => places.map((place) => map.project(place)).map(({ x, y }) => [x, y]);

map.once("load", () => { window.webmap = { show, go, at }; });
