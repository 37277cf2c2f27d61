// A place at an instant: what is there, who is responsible, what happened near, which cases are open.
import { anew } from "../components/board/anew.js";
import { Choice } from "../components/board/controls.js";
import { Instants } from "../components/board/instants.js";
import { Failure } from "../components/failure.js";
import { FindPlace } from "../components/situation/findplace.js";
import { PlaceMap } from "../components/situation/placemap.js";
import { PlaceText } from "../components/situation/placetext.js";
import { Groups } from "../components/situation/groups.js";
import { clockText } from "../core/cityclock.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";

const RADII = ["50m", "100m", "200m", "500m", "1km", "2km", "5km"];
const USUAL_RADIUS = "200m";
const DAYS = 7;

/** @param {{state: import("../core/state.js").State}} given */
function SituationBoard({ state }) {
  const { api, city, store, t } = useConsole();
  const radius = state.radius || USUAL_RADIUS;
  const place = state.at ? state.at.split(",").map(Number) : null;
  const nearest = city.layers.filter((layer) => layer.kind === "feature" && layer.role === "features" && layer.may.includes("read")).map((layer) => layer.name);
  const asked = place && {
    lon: place[0], lat: place[1], radius, days: DAYS, known_at: state.known, nearest, ...(state.asof && { at: state.asof }),
  };
  const answer = useAnswer((signal) => (asked ? api.post("/situation", asked, { signal }) : undefined), [asked]);
  const situation = asked ? answer.value : undefined;
  return html`<div class="split">
    <section class="pane fixed" aria-labelledby="place-title">
      <h2 id="place-title">${t("situation.place")}</h2>
      <div class="controls">
        <${FindPlace} state=${state} />
        <${PlaceText} state=${state} />
        <${Choice} label=${t("situation.radius")} value=${radius} options=${[...new Set([...RADII, radius])].map((value) => ({ value, text: value.replace(/(\d)(k?m)/, "$1 $2") }))}
          onChange=${(/** @type {string} */ chosen) => store.set({ radius: chosen })} />
      </div>
      <${Instants} state=${state} />
      <${PlaceMap} state=${state} situation=${situation} />
    </section>
    <section class="pane" aria-live="polite" aria-busy=${answer.waiting} aria-label=${t("board.situation")}>
      ${!asked && html`<p class="empty">${t("situation.choose")}</p>`}
      ${asked && answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
      ${situation && html`
        <h2>${t("situation.title", { place: `${situation.lon}, ${situation.lat}`, radius: `${situation.radius_m} m` })}</h2>
        <p class="note">${t("situation.when", { at: clockText(situation.at, city.zone), known: clockText(situation.known_at, city.zone) })}</p>
        <${Groups} situation=${situation} days=${DAYS} />`}
    </section>
  </div>`;
}

export const Situation = anew(SituationBoard);
