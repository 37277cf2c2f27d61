// When: periods, each an alternative; and times that come again.
import { layerOf } from "../../core/asked.js";
import { dayAfter } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useId, useState } from "../../core/html.js";
import { monthName } from "../../core/naming.js";
import { layerSpan, spanOf } from "../../core/span.js";
import { whenWords } from "./described.js";
import { Recurring } from "./recurring.js";
import { Entry, Section } from "./section.js";

const RELATIVE = ["today", "yesterday", "last 7 days", "last 30 days", "last 365 days", "this month", "last month", "this quarter", "last quarter", "this year", "last year"];
const MONTHS = [...Array(12).keys()].map((at) => String(at + 1).padStart(2, "0"));

/** @param {{state: import("../../core/state.js").State, faults: import("./faults.js").Faults}} given */
export function When({ state, faults }) {
  const { store, t, lang } = useConsole();
  const id = useId();
  const [several, setSeveral] = useState(state.when.length > 1);
  const choose = (/** @type {string} */ period) => {
    if (state.when.includes(period)) store.set({ when: state.when.filter((text) => text !== period) });
    else store.set({ when: several ? [...state.when, period] : [period] });
  };
  const recurring = [state.weekdays, state.hours, state.months, state.seasons, state.days].filter(Boolean).length;
  return html`<${Section} name="when" count=${state.when.length + recurring}>
    <ul class="entries">
      ${state.when.map((text) => html`<${Entry} key=${text} problem=${faults("when", text)} onRemove=${() => store.set({ when: state.when.filter((each) => each !== text) })}>
        ${whenWords(text, lang, t)}<//>`)}
    </ul>
    ${state.when.length > 1 && html`<p class="note">${t("when.any")}</p>`}
    ${!state.when.length && html`<p class="note">${t("when.none")}</p>`}
    <${Periods} state=${state} choose=${choose} />
    <${Days} choose=${choose} />
    <label for=${`${id}relative`}>${t("when.relative")}</label>
    <select id=${`${id}relative`} value="" onChange=${(/** @type {any} */ event) => { choose(event.target.value); event.target.value = ""; }}>
      <option value="">${t("choose")}</option>
      ${RELATIVE.map((text) => html`<option value=${text}>${whenWords(text, lang, t)}</option>`)}
    </select>
    <label class="inline"><input type="checkbox" checked=${several} onChange=${() => setSeveral(!several)} /> ${t("when.several")}</label>
    <${Recurring} state=${state} faults=${faults} />
  <//>`;
}

/**
 * Years, their quarters and months.
 * @param {{state: import("../../core/state.js").State, choose: (period: string) => void}} given
 */
function Periods({ state, choose }) {
  const { city, t, lang } = useConsole();
  const id = useId();
  const span = layerSpan(layerOf(city, state.layer), city.zone);
  const first = new Date(span.from).getUTCFullYear();
  const last = new Date(span.to - 1).getUTCFullYear();
  const years = [...Array(Math.min(last - first, 200) + 1).keys()].map((at) => String(last - at));
  const given = state.when.map((text) => spanOf(text)?.from).find((from) => from !== undefined);
  const chosen = given === undefined ? undefined : String(new Date(given).getUTCFullYear());
  const [year, setYear] = useState(chosen ?? years[0]);
  useEffect(() => setYear(chosen ?? years[0]), [chosen, state.layer]);
  const pick = (/** @type {string} */ period, /** @type {string} */ label) => html`<button type="button" key=${period} aria-pressed=${state.when.includes(period)}
    onClick=${() => choose(period)}>${label}</button>`;
  return html`<div class="periods" role="group" aria-label=${`${t("when.periods")}: ${year}`}>
    <label for=${`${id}year`}>${t("when.year")}</label>
    <select id=${`${id}year`} value=${year} onChange=${(/** @type {any} */ event) => setYear(event.target.value)}>
      ${(years.includes(year) ? years : [year, ...years]).map((each) => html`<option value=${each}>${each}</option>`)}
    </select>
    ${pick(year, t("when.whole-year"))}
    <div class="quarters">${[1, 2, 3, 4].map((quarter) => pick(`${year}-Q${quarter}`, t("when.quarter", { quarter })))}</div>
    <div class="months">${MONTHS.map((month) => pick(`${year}-${month}`, monthName(Number(month), lang)))}</div>
  </div>`;
}

/** From a day to a day, both inside. @param {{choose: (period: string) => void}} given */
function Days({ choose }) {
  const { t } = useConsole();
  const id = useId();
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const wrong = first !== "" && last !== "" && last < first;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if ((!first && !last) || wrong) return;
    choose(first === last ? first : `${first || ".."}/${last ? dayAfter(last, 1) : ".."}`);
  };
  return html`<form class="days" onSubmit=${submit}>
    <label for=${`${id}first`}>${t("day.first")}</label>
    <input id=${`${id}first`} type="date" value=${first} onInput=${(/** @type {any} */ event) => setFirst(event.target.value)} />
    <label for=${`${id}last`}>${t("day.last")}</label>
    <input id=${`${id}last`} type="date" value=${last} onInput=${(/** @type {any} */ event) => setLast(event.target.value)} />
    <button type="submit" disabled=${(!first && !last) || wrong}>${t("when.set")}</button>
    ${wrong && html`<p class="fault" role="alert">${t("when.turned")}</p>`}
  </form>`;
}
