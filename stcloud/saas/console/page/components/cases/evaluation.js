// How cases are evaluated: indicators by group, each number open to its cases, with notes on the method.
import { clockText } from "../../core/cityclock.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { Choice, Typed } from "../board/controls.js";
import { Failure } from "../failure.js";
import { CaseDetail } from "./casedetail.js";
import { CaseMap } from "./casemap.js";
import { EvaluationTable } from "./evaluationtable.js";
import { IndicatorChoice } from "./indicatorchoice.js";
import { NumberCases } from "./numbercases.js";

const GROUPS = ["street", "community", "district", "department", "class", "kind", "source", "operator_post", "dispatcher_post", "handler_post", "month", "quarter"];
const USUAL = ["reported_cases", "filed_cases", "on_time_handling_rate", "closing_rate", "on_time_closing_rate", "average_closing_hours"];

/** @typedef {import("../../core/state.js").State} State */

/** @param {{log: import("./logs.js").Log, names: import("./logs.js").Names, state: State, role: string}} given */
export function Evaluation(given) {
  const { api, city, store, t } = useConsole();
  const { log, state } = given;
  const [cases, setCases] = useState(/** @type {import("./logs.js").CaseEntry[]} */ ([]));
  const by = GROUPS.includes(state.judged) ? state.judged : "street";
  const asked = documentOf(log.name, by, state);
  const answer = useAnswer((signal) => api.post("/evaluations", asked, { signal }), [asked]);
  const found = answer.value;
  const compare = ["previous", "year"].includes(state.compare) ? state.compare : "";
  return html`<section class="evaluation" aria-busy=${answer.waiting} aria-labelledby="evaluation-title">
    <div class="controls">
      <${Typed} label=${t("evaluation.period")} value=${state.period} hint=${t("evaluation.period.hint")} list=${periods(clockText(state.known, city.zone))} onChange=${(/** @type {string} */ period) => store.set({ period, drill: "" })} />
      <${Choice} label=${t("evaluation.by")} value=${by} options=${GROUPS.map((value) => ({ value, text: t(`by.${value}`) }))} onChange=${(/** @type {string} */ judged) => store.set({ judged, drill: "" })} />
      <${Choice} label=${t("evaluation.compare")} value=${compare} options=${["", "previous", "year"].map((value) => ({ value, text: t(`compare.with.${value || "none"}`) }))} onChange=${(/** @type {string} */ value) => store.set({ compare: value })} />
      <${IndicatorChoice} log=${log.name} state=${state} shown=${indicatorsOf(state)} usual=${USUAL} />
    </div>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${found && html`
      <h2 id="evaluation-title">${t("evaluation.title", { log: log.title, period: found.period ? periodText(found.period) : t("evaluation.always") })}</h2>
      <p class="note">${t("situation.when", { at: clockText(found.at, city.zone), known: clockText(found.known_at, city.zone) })}</p>
      <${EvaluationTable} found=${found} by=${by} asked=${asked} state=${state} />
      <details class="optional"><summary>${t("evaluation.method")}</summary><ul class="method">${found.words.map((/** @type {string} */ line) => html`<li>${line}</li>`)}</ul></details>`}
    ${state.drill && html`<div class="split cases">
      <${NumberCases} key=${state.drill} asked=${asked} found=${found} state=${state} onCases=${setCases} />
      <div class="pane fixed">${state.case ? html`<${CaseDetail} key=${state.case} ...${given} />` : html`<${CaseMap} cases=${cases} state=${state} signs=${false} />`}</div>
    </div>`}
  </section>`;
}

/**
 * @param {string} log
 * @param {string} by
 * @param {State} state
 */
function documentOf(log, by, state) {
  const compare = state.period && ["previous", "year"].includes(state.compare) ? { compare: state.compare } : {};
  return {
    log, by: [by], indicators: indicatorsOf(state), known_at: state.known, ...(state.asof && { at: state.asof }),
    ...(state.period && { period: state.period }), ...compare, times: true,
  };
}

/** @param {State} state */
function indicatorsOf(state) {
  return state.indicators ? state.indicators.split(",") : USUAL;
}

/** @param {string} period `2024-11-01T00:00+08:00/2024-12-01T00:00+08:00` */
function periodText(period) {
  return period.split("/").map((instant) => instant.slice(0, 10)).join(" – ");
}

/**
 * Return periods that may be meant: months and years up to an instant.
 * @param {string} now on the city's clock
 */
function periods(now) {
  const [year, month] = now.split("-").map(Number);
  const months = Array.from({ length: 12 }, (_, back) => {
    const number = year * 12 + month - 1 - back;
    return `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, "0")}`;
  });
  return [...months, ...Array.from({ length: 4 }, (_, back) => String(year - back))];
}
