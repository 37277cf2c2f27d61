// Readings of stations, or results of bins, as columns over one line of time; gaps; episodes of a rule.
import { instantOf } from "../../core/cityclock.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { dayAfter, localText } from "../../core/format.js";

/**
 * @typedef {{layer: string, stations: string[], value: string, span: string, every: string, method: string}} Chosen
 * @typedef {{station: string, from: string, to: string | null, open: boolean, peak: number, mean: number, readings: number, missing: number}} Episode
 * @typedef {{station: string, value: string, from: string, to: string, steps: number}} Gap
 * @typedef {object} Readings
 * @property {any[]} rows
 * @property {number} total
 * @property {string | null} every how bins are called
 * @property {string | null} complete
 * @property {Gap[]} gaps
 * @property {Episode[]} episodes
 * @property {import("../../core/api.js").Problem | undefined} problem
 * @property {import("../../core/api.js").Problem | undefined} refused why there are no episodes
 * @property {boolean} waiting
 * @property {boolean} seeking episodes are awaited
 */

export const MOST_STATIONS = 6;
const USUAL_DAYS = 31;
const FIRST_STATIONS = 2;

/**
 * Return what is shown: what the state says, else the first value of the first stations in the last month.
 * @param {import("../../core/state.js").State} state
 * @param {Record<string, any>} layer
 * @param {any} about
 * @param {any} places
 * @param {string} zone
 * @returns {Chosen}
 */
export function chosenSeries(state, layer, about, places, zone) {
  const own = state.layer === layer.name;
  const stations = own && state.station ? state.station.split(",") : (places?.features ?? []).slice(0, FIRST_STATIONS).map((/** @type {any} */ feature) => String(feature.id));
  const names = about.values.map((/** @type {any} */ value) => value.name);
  const value = own && names.includes(state.value) ? state.value : (names[0] ?? "");
  const end = layer.last ? dayAfter(localText(Date.parse(layer.last), zone).slice(0, 10), 1) : "";
  const span = (own && state.span) || (end ? `${dayAfter(end, -USUAL_DAYS)}/${end}` : "");
  return { layer: layer.name, stations: stations.slice(0, MOST_STATIONS), value, span, every: state.every, method: state.method || "mean" };
}

/**
 * Return the document of what is shown.
 * @param {Chosen} chosen
 * @param {import("../../core/state.js").State} state
 */
export function documentOf(chosen, state) {
  const { layer, stations, value, span, every, method } = chosen;
  const document = { layer, known_at: state.known, at: stations, value: [value], ...(span && { when: [span] }) };
  return every ? { ...document, resample: every, method: [method] } : document;
}

/**
 * @param {Chosen | null} chosen null: not known yet
 * @param {import("../../core/state.js").State} state
 * @returns {Readings}
 */
export function useReadings(chosen, state) {
  const { api } = useConsole();
  const ready = chosen !== null && chosen.stations.length > 0 && chosen.value !== "";
  const document = ready ? documentOf(chosen, state) : null;
  const answer = useAnswer((signal) => (document ? api.post("/series", document, { signal }) : undefined), [document]);
  const gapped = document && { layer: document.layer, known_at: document.known_at, at: document.at, value: document.value, ...("when" in document && { when: document.when }), gaps: true };
  const gaps = useAnswer((signal) => (gapped ? api.post("/series", gapped, { signal }) : undefined), [gapped]);
  const rule = state.rule && chosen ? { ...JSON.parse(state.rule), id: "shown", layer: chosen.layer, value: chosen.value } : null;
  const ruled = document && rule && { rule, at: document.at, known_at: state.known, ...(chosen?.span && { when: chosen.span }) };
  const found = useAnswer((signal) => (ruled ? api.post("/episodes", ruled, { signal }) : undefined), [ruled]);
  return {
    rows: (document && answer.value?.rows) ?? [], total: (document && answer.value?.total) ?? 0, every: answer.value?.every ?? null, complete: answer.value?.complete ?? null,
    gaps: (gapped && gaps.value?.rows) ?? [], episodes: (ruled && found.value?.rows) ?? [], problem: answer.problem, refused: found.problem,
    waiting: (document !== null && answer.waiting) || (gapped !== null && gaps.waiting), seeking: Boolean(ruled) && found.waiting,
  };
}

/**
 * @typedef {{station: string, values: (number | null)[], odd: (number | null)[], flags: string[]}} StationLine `odd`: values that cannot be right
 */

/**
 * Return rows as lines over common times; where a station has a gap its line is broken.
 * @param {Readings} readings
 * @param {Chosen} chosen
 * @param {string} zone
 * @returns {{times: number[], lines: StationLine[]}} times in ms
 */
export function linesOf(readings, chosen, zone) {
  const name = nameOf(chosen);
  /** @type {Map<string, Map<number, {value: number | null, flag: string}>>} */
  const stations = new Map(chosen.stations.map((station) => [station, new Map()]));
  for (const row of readings.rows) {
    stations.get(row.station)?.set(timeOf(row.from ?? row.time, zone), { value: row[name] ?? null, flag: row[`${chosen.value}_flag`] ?? "" });
  }
  if (!chosen.every) for (const gap of readings.gaps) {
    const line = stations.get(gap.station);
    const at = timeOf(gap.from, zone);
    if (line && !line.has(at)) line.set(at, { value: null, flag: "missing" });
  }
  const times = [...new Set([...stations.values()].flatMap((line) => [...line.keys()]))].sort((one, other) => one - other);
  const lines = [...stations].map(([station, line]) => {
    const found = times.map((time) => line.get(time));
    return {
      station, flags: found.map((each) => each?.flag ?? ""),
      values: found.map((each) => (each && each.flag !== "implausible" ? each.value : null)),
      odd: found.map((each) => (each?.flag === "implausible" ? each.value : null)),
    };
  });
  return { times, lines };
}

/** The column of what is shown. @param {Chosen} chosen */
export function nameOf({ value, every, method }) {
  return every ? `${value}_${method}` : value;
}

/**
 * @param {string} instant
 * @param {string} zone
 */
export function timeOf(instant, zone) {
  return Date.parse(instantOf(instant, zone));
}
