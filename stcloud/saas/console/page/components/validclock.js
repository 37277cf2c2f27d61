// The clock of the world: of events the span in which they happened, of features the instant at which they were there.
import { askedOf, layerOf } from "../core/asked.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useEffect, useState } from "../core/html.js";
import { localText, numberText } from "../core/format.js";
import { ofGroup } from "../core/question.js";
import { layerSpan, spanOf } from "../core/span.js";
import { binFor, DAY_MS, shifted, spanOfFact, spanText } from "../core/timespan.js";
import { Play } from "./play.js";
import { Thumbs } from "./thumbs.js";

const FEW_DAYS = 5;

/**
 * @param {{state: import("../core/state.js").State, facts?: Record<string, string>, drawn: number}} given
 *   `facts`: how the question was understood; `drawn` grows when the map is drawn
 */
export function ValidClock({ state, facts, drawn }) {
  const { city, store, t, lang } = useConsole();
  const layer = layerOf(city, state.layer);
  const features = layer?.kind === "feature";
  const all = spanShown(layer, features, state.known, city.zone);
  const unit = all.to - all.from <= FEW_DAYS * DAY_MS ? DAY_MS / 24 : DAY_MS;
  const chosen = chosenSpan(state, features, facts, all);
  const [moved, setMoved] = useState(/** @type {import("../core/span.js").Span | null} */ (null));
  useEffect(() => setMoved(null), [JSON.stringify([state.when, state.asof, state.layer])]);
  const shown = moved ?? chosen;
  const at = (/** @type {number} */ value) => all.from + value * unit;
  const place = (/** @type {number} */ instant) => Math.max(0, Math.min(Math.round((instant - all.from) / unit), most));
  const most = Math.max(1, Math.round((all.to - all.from) / unit));
  const values = features ? [place(chosen.to)] : [place(chosen.from), Math.max(place(chosen.to), place(chosen.from) + 1)];
  const text = (/** @type {number[]} */ [first, last]) => (features ? instantOf(at(first)) : whole(first, last) ? "" : spanText(at(first), at(last)));
  const whole = (/** @type {number} */ first, /** @type {number} */ last) => first === 0 && last === most;
  const set = (/** @type {string} */ written, replace = false) =>
    store.set(features ? { asof: written, when: [] } : { when: written ? [written] : [], asof: "" }, { replace });
  const step = (/** @type {number} */ by) => {
    const next = shifted(chosen, by);
    if (features || next.to > all.to + DAY_MS || next.from < all.from - DAY_MS * 31) return false;
    set(spanText(next.from, next.to), true);
    return next.to < all.to;
  };
  const written = moved ? text(features ? [place(moved.to)] : [place(moved.from), place(moved.to)]) : features ? state.asof : state.when.join("; ");
  return html`<section class="clock" aria-label=${t(features ? "clock.asof" : "clock.when")}>
    <div class="clock-head">
      <h2>${t(features ? "clock.asof" : "clock.when")}</h2>
      <${Typed} value=${written} label=${t(features ? "clock.asof.typed" : "clock.when.typed")} hint=${features ? "2024-03-01" : t("clock.when.hint")}
        onSet=${(/** @type {string} */ given) => (features ? set(given) : store.set({ when: given.split(";").map((part) => part.trim()).filter(Boolean), asof: "" }))} />
      ${!features && html`<button type="button" disabled=${!state.when.length} onClick=${() => set("")}>${t("clock.all")}</button>`}
      ${!features && html`<${Play} step=${step} drawn=${drawn} able=${state.when.length === 1} />`}
      <span class="understood">${features ? t("clock.then", { at: dayText(shown.to, unit) }) : shown.from === all.from && shown.to === all.to ? t("clock.whole") : t("clock.shown", { from: dayText(shown.from, unit), to: dayText(shown.to - 1, unit) })}</span>
    </div>
    ${!features && html`<${Counts} state=${state} all=${all} shown=${shown} lang=${lang} />`}
    <${Thumbs} least=${0} most=${most} values=${values} labels=${features ? [t("clock.asof")] : [t("clock.from"), t("clock.to")]}
      text=${(/** @type {number} */ value, /** @type {number} */ thumb) => dayText(at(value) - (thumb ? 1 : 0), unit)}
      onMove=${(/** @type {number[]} */ next) => setMoved(features ? { from: at(next[0]), to: at(next[0]) } : { from: at(next[0]), to: at(next[1]) })}
      onSettle=${(/** @type {number[]} */ next) => set(text(next))} />
  </section>`;
}

/** @param {number} at */
const instantOf = (at) => new Date(at).toISOString().slice(0, at % DAY_MS ? 16 : 10);

/** @param {number} at @param {number} unit */
const dayText = (at, unit) => new Date(at).toISOString().slice(0, unit === DAY_MS ? 10 : 16).replace("T", " ");

/**
 * Return the time that the clock has: that of the rows, and of features to the day of what is known, for they are still there.
 * @param {Record<string, any> | undefined} layer
 * @param {boolean} features
 * @param {string} known
 * @param {string} zone
 */
function spanShown(layer, features, known, zone) {
  const span = layerSpan(layer, zone);
  const day = Date.parse(`${(/[Z]|[+-]\d\d:\d\d$/.test(known) ? localText(Date.parse(known), zone) : known).slice(0, 10)}T00:00:00Z`);
  return features && day > span.to ? { from: span.from, to: day } : span;
}

/**
 * @param {import("../core/state.js").State} state
 * @param {boolean} features
 * @param {Record<string, string> | undefined} facts
 * @param {import("../core/span.js").Span} all
 * @returns {import("../core/span.js").Span}
 */
function chosenSpan(state, features, facts, all) {
  if (features) {
    const instant = (state.asof && spanOf(state.asof)?.from) || all.to;
    return { from: instant, to: instant };
  }
  if (!state.when.length) return all;
  return (state.when.length === 1 && spanOf(state.when[0])) || spanOfFact(facts?.when, all) || all;
}

/** @param {{value: string, label: string, hint: string, onSet: (text: string) => void}} given */
export function Typed({ value, label, hint, onSet }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const settle = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim() !== value) onSet(text.trim());
  };
  return html`<form class="typed" onSubmit=${settle}><input type="text" aria-label=${label} title=${hint} placeholder=${hint} value=${text} spellcheck=${false} autocomplete="off"
    onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLInputElement} */ (event.target).value)} onBlur=${settle} /></form>`;
}

/**
 * How many rows there are when, of all of the time: the question without its span.
 * @param {{state: import("../core/state.js").State, all: import("../core/span.js").Span, shown: import("../core/span.js").Span, lang: string}} given
 */
function Counts({ state, all, shown, lang }) {
  const { api, city, store, t } = useConsole();
  const bin = binFor(all.to - all.from);
  const question = { ...askedOf({ ...state, when: [] }, city), by: [bin], measure: ["count"] };
  const { value, waiting } = useAnswer(async (signal) => ({ ...(await api.post("/questions", question, { signal })), question, bin }), [question]);
  const bars = (value?.rows ?? []).flatMap((/** @type {any} */ row) => {
    const span = spanOf(String(row[value.bin]));
    return span ? [{ ...span, count: row.count, bin: row[value.bin] }] : [];
  });
  const rowsOf = (/** @type {string} */ name) => JSON.stringify(ofGroup(value.question, { [value.bin]: name }));
  const most = Math.max(1, ...bars.map((/** @type {any} */ bar) => bar.count));
  const x = (/** @type {number} */ at) => ((at - all.from) / (all.to - all.from)) * 1000;
  const label = t("clock.counts", { n: numberText(most, lang), bin: t(`clock.bin.${bin}`) });
  return html`<svg class="counts" viewBox="0 0 1000 30" preserveAspectRatio="none" role="img" aria-label=${label} aria-busy=${waiting}>
    ${bars.map((/** @type {any} */ { from, to, count, bin: name }) => html`<rect key=${name} x=${x(from)} width=${Math.max(0.6, x(to) - x(from) - 0.6)} y=${30 - (count / most) * 30} height=${(count / most) * 30}
      class=${from < shown.to && to > shown.from ? "in" : "out"} data-count=${count} data-question=${rowsOf(name)} onClick=${() => store.set({ rows: rowsOf(name) })}><title>${name}: ${numberText(count, lang)}</title></rect>`)}
  </svg>`;
}
