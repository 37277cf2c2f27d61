// What stations measured: as lines over time, with flags and gaps; by hour, day or month; episodes of a rule; stations beside each other.
import { anew } from "../components/board/anew.js";
import { Instants } from "../components/board/instants.js";
import { Failure } from "../components/failure.js";
import { Episodes } from "../components/series/episodes.js";
import { chosenSeries, useReadings } from "../components/series/readings.js";
import { ReadingsChart } from "../components/series/readingschart.js";
import { SeriesForm } from "../components/series/seriesform.js";
import { Stations } from "../components/series/stations.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useEffect } from "../core/html.js";

/** @param {{state: import("../core/state.js").State}} given */
function SeriesBoard({ state }) {
  const { api, city, store, t } = useConsole();
  const layers = city.layers.filter(({ role }) => role === "readings");
  const layer = layers.find(({ name }) => name === state.layer) ?? layers[0];
  const at = layer ? `/series/${encodeURIComponent(layer.name)}` : "";
  const about = useAnswer((signal) => (at ? api.get(at, { signal }) : undefined), [at]);
  const instants = { known: state.known, ...(state.asof && { at: state.asof }) };
  const places = useAnswer((signal) => (at ? api.get(`${at}/stations`, { params: instants, signal }) : undefined), [at, instants]);
  const chosen = layer && about.value ? chosenSeries(state, layer, about.value, places.value, city.zone) : null;
  // What is shown without having been chosen is written down, so that the address gives the same again.
  useEffect(() => {
    if (chosen && (places.value || places.problem)) store.set({ layer: chosen.layer, station: chosen.stations.join(), value: chosen.value, span: chosen.span }, { replace: true });
  }, [chosen && JSON.stringify(chosen)]);
  const readings = useReadings(chosen, state);
  if (!layer) return html`<p class="empty">${t("series.none")}</p>`;
  if (about.problem) return html`<${Failure} problem=${about.problem} t=${t} />`;
  if (!chosen) return html`<p role="status" class="note" aria-busy="true">${t("starting")}</p>`;
  const given = { chosen, about: about.value, readings, state };
  return html`<div class="split series">
    <section class="pane" aria-labelledby="stations-title">
      <h2 id="stations-title">${t("series.stations")}</h2>
      <${Stations} places=${places.value} chosen=${chosen} state=${state} />
    </section>
    <section class="pane" aria-labelledby="series-title">
      <h2 id="series-title">${layer.title}</h2>
      <div class="bar"><${SeriesForm} ...${given} layers=${layers} layer=${layer} /><${Instants} state=${state} /></div>
      <${ReadingsChart} ...${given} />
      <${Episodes} ...${given} />
    </section>
  </div>`;
}

export const Series = anew(SeriesBoard);
