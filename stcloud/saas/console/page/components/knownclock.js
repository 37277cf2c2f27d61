// The clock of what is known: the loads of the layer as marks, and another instant whose difference is shown.
import { layerOf } from "../core/asked.js";
import { useDocument } from "../core/documents.js";
import { useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";
import { instantText, localText } from "../core/format.js";
import { loadsBefore } from "../core/loads.js";
import { Thumbs } from "./thumbs.js";
import { Typed } from "./validclock.js";

/**
 * @param {{state: import("../core/state.js").State, plain?: boolean}} given `plain`: without the difference of two instants
 */
export function KnownClock({ state, plain = false }) {
  const { api, city, store, t } = useConsole();
  const [waiting, setWaiting] = useState(false);
  const layer = layerOf(city, state.layer);
  const document = useDocument(state.layer ? `/layers/${encodeURIComponent(state.layer)}` : undefined).value;
  /** @type {import("../core/loads.js").Load[]} */
  const loads = [...(document?.history ?? [])].reverse();
  const newest = async () => {
    setWaiting(true);
    try {
      const { now } = await api.get("/console.json");
      store.set({ known: now });
    } finally {
      setWaiting(false);
    }
  };
  const differ = () => store.set({ other: state.other ? "" : (loads.at(-2)?.recorded ?? loads.at(-1)?.recorded ?? state.known) });
  return html`<section class="clock known" aria-label=${t("clock.known")}>
    <div class="clock-head">
      <h2>${t("clock.known")}</h2>
      <${Instant} label=${t("clock.known")} value=${state.known} onSet=${(/** @type {string} */ known) => known && store.set({ known })} />
      <button type="button" aria-busy=${waiting} onClick=${newest}>${t("clock.latest")}</button>
      ${!plain && html`<button type="button" aria-pressed=${state.other !== ""} onClick=${differ}>${t("clock.differ")}</button>`}
      ${layer && html`<${Staleness} layer=${layer} />`}
    </div>
    ${loads.length > 0 && html`<${Marks} label=${t("clock.known")} value=${state.known} loads=${loads} onSet=${(/** @type {string} */ known) => store.set({ known })} latest=${newest} />`}
    <p class="understood" role="status">${asKnown(state.known, loads, city.zone, t)}</p>
    ${state.other && !plain && html`<div class="clock-head other">
      <h2>${t("clock.other")}</h2>
      <${Instant} label=${t("clock.other")} value=${state.other} onSet=${(/** @type {string} */ other) => store.set({ other })} />
      <span class="understood">${asKnown(state.other, loads, city.zone, t)}</span>
    </div>
    ${loads.length > 0 && html`<${Marks} label=${t("clock.other")} value=${state.other} loads=${loads} onSet=${(/** @type {string} */ other) => store.set({ other })} />`}`}
  </section>`;
}

/** @param {{label: string, value: string, onSet: (text: string) => void}} given */
function Instant({ label, value, onSet }) {
  const { city, t } = useConsole();
  return html`<${Typed} value=${localOf(value, city.zone)} label=${t("clock.typed", { clock: label })} hint="2024-03-01T12:00" onSet=${onSet} />`;
}

/**
 * Loads lie evenly on the slider, however far apart they were recorded; the first place is before all of them.
 * @param {{label: string, value: string, loads: import("../core/loads.js").Load[], onSet: (text: string) => void, latest?: () => void}} given
 */
function Marks({ label, value, loads, onSet, latest }) {
  const { city, t } = useConsole();
  const [moved, setMoved] = useState(/** @type {number | null} */ (null));
  const position = loadsBefore(loads, value, city.zone);
  const choose = (/** @type {number} */ at) => {
    setMoved(null);
    if (at === position) return;
    if (at === loads.length && latest) latest();
    else onSet(at ? loads[at - 1].recorded : justBefore(loads[0].recorded));
  };
  const text = (/** @type {number} */ at) => afterText(loads, at, t);
  const when = (/** @type {number} */ at) => (at ? `${instantText(localText(Date.parse(loads[at - 1].recorded), city.zone))} · ` : "");
  return html`<div class="marks">
    <${Thumbs} least=${0} most=${loads.length} values=${[position]} labels=${[label]} marks=${loads.map((_, at) => at + 1)} text=${text}
      onMove=${(/** @type {number[]} */ [at]) => setMoved(at)} onSettle=${(/** @type {number[]} */ [at]) => choose(at)} />
    ${moved !== null && html`<span class="moved">${when(moved)}${text(moved)}</span>`}
  </div>`;
}

/** An instant as it is typed: on the city's clock, to the second; finer ones stay as they are written. @param {string} text @param {string} zone */
function localOf(text, zone) {
  return /[Z]$|[+-]\d\d:\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? localText(Date.parse(text), zone) : text;
}

/** @param {string} recorded */
const justBefore = (recorded) => new Date(Date.parse(recorded) - 1000).toISOString();

/** @param {import("../core/loads.js").Load[]} loads @param {number} at @param {import("../core/words.js").Translate} t */
function afterText(loads, at, t) {
  if (at === 0) return t("clock.before-loads");
  const { file, mode } = loads[at - 1];
  return t("clock.after-load", { n: at, of: loads.length, file: file ?? mode });
}

/** @param {string} known @param {import("../core/loads.js").Load[]} loads @param {string} zone @param {import("../core/words.js").Translate} t */
function asKnown(known, loads, zone, t) {
  const at = instantText(localOf(known, zone));
  return loads.length ? t("clock.as-known", { at, load: afterText(loads, loadsBefore(loads, known, zone), t) }) : t("clock.as-known-at", { at });
}

/** @param {{layer: Record<string, any>}} given */
function Staleness({ layer }) {
  const { city, t } = useConsole();
  if (!layer.last_load) return null;
  const last = instantText(localText(Date.parse(layer.last_load.recorded), city.zone));
  const cycle = layer.update_cycle;
  return html`<span class=${layer.stale_since ? "stale" : "fresh"}>${layer.stale_since
    ? t("clock.stale", { last, cycle, since: instantText(localText(Date.parse(layer.stale_since), city.zone)) })
    : t(cycle ? "clock.fresh" : "clock.last-load", { last, cycle })}</span>`;
}
