// The numbers of an evaluation: a row a group, all of them first; shares with the cases that they are made of.
import { numberText } from "../../core/format.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { useClasses } from "./classes.js";

/** @typedef {{name: string, title: string, title_zh: string, unit: "rate" | "count" | "hours", direction: string}} Indicator */

/** @param {{found: any, by: string, asked: any, state: import("../../core/state.js").State}} given */
export function EvaluationTable({ found, by, asked, state }) {
  const { t, lang } = useConsole();
  const label = useLabels(by);
  /** @type {Indicator[]} */
  const indicators = found.indicators;
  const compared = new Map((found.compared ?? []).map((/** @type {any} */ row) => [row[by], row]));
  const times = new Map((found.times ?? []).map((/** @type {any} */ row) => [row[by], row]));
  const hasGroups = found.groups.length > 0;
  const caption = t("evaluation.table", { by: t(`by.${by}`) });
  const cells = (/** @type {any} */ row, /** @type {Record<string, string | null> | null} */ group) => html`
    ${indicators.map((indicator) => html`<td><${Figure} row=${row} indicator=${indicator} group=${group} asked=${asked} found=${found} state=${state}
      change=${group ? compared.get(row[by])?.[`${indicator.name}_change`] : undefined} label=${group ? label(row[by]) : t("evaluation.all")} /></td>`)}
    <td class="numeric">${group ? numberText(times.get(row[by])?.median_hours, lang, 1) : ""}</td>`;
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${caption}>
    <table class="figures">
      <caption class="unseen">${caption}</caption>
      <thead><tr><th scope="col">${t(`by.${by}`)}</th>${indicators.map((indicator) => html`<th scope="col" class="wide">${titleOf(indicator, lang)}</th>`)}<th scope="col" class="wide numeric">${t("evaluation.median")}</th></tr></thead>
      <tbody>
        <tr class="of-all"><th scope="row">${t("evaluation.all")}</th>${cells(found.total, null)}</tr>
        ${found.groups.map((/** @type {any} */ row) => html`<tr key=${row[by]}><th scope="row">${label(row[by])}</th>${cells(row, { [by]: row[by] })}</tr>`)}
      </tbody>
    </table>
  </div>
  ${!hasGroups && html`<p class="note">${t("evaluation.none")}</p>`}`;
}

/**
 * A number of an evaluation with what it is made of; each count opens its cases.
 * @param {{row: any, indicator: Indicator, group: Record<string, string | null> | null, asked: any, found: any, state: import("../../core/state.js").State, change: number | undefined, label: string}} given
 */
function Figure({ row, indicator, group, state, change, label }) {
  const { t, lang } = useConsole();
  const { name, unit } = indicator;
  const value = row[name];
  const opened = (/** @type {string} */ part, /** @type {number} */ count) => html`<${CaseCount} value=${count} drill=${{ indicator: name, part, group }} label=${`${titleOf(indicator, lang)}, ${label}`} state=${state} />`;
  if (value === undefined) return html`–`;
  const changed = change === undefined || change === null ? "" : html`<span class=${`change ${judged(change, indicator.direction)}`}>${change > 0 ? "▲" : change < 0 ? "▼" : "="} ${numberText(Math.abs(change), lang)}<span class="unseen"> ${t(`change.${judged(change, indicator.direction) || "neutral"}`)}</span></span>`;
  if (unit === "rate") {
    return html`<span class="share"><strong>${value === null ? t("evaluation.no-share") : `${numberText(value, lang)} %`}</strong> ${changed}
      <span class="part-bar" aria-hidden="true"><span style=${{ width: `${value ?? 0}%` }}></span></span></span>
      <span class="aside">${opened("numerator", row[`${name}_numerator`])} ${t("evaluation.of")} ${opened("denominator", row[`${name}_denominator`])}</span>`;
  }
  if (unit === "hours") return html`<strong>${numberText(value, lang)}</strong> ${changed}<span class="aside">${t("evaluation.made-of")} ${opened("numerator", row[`${name}_cases`])}</span>`;
  return html`${name.endsWith("_cases") ? opened("numerator", value) : html`<strong>${numberText(value, lang)}</strong>`} ${changed}`;
}

/**
 * A number of cases that leads to them: there are as many.
 * @param {{value: number, drill: {indicator: string, part: string, group: Record<string, string | null> | null}, label: string, state: import("../../core/state.js").State}} given
 */
function CaseCount({ value, drill, label, state }) {
  const { store, t, lang } = useConsole();
  if (value === null || value === undefined) return html`–`;
  const text = JSON.stringify(drill);
  return html`<button type="button" class="count" data-case-count=${value} data-cases=${text} aria-pressed=${state.drill === text}
    aria-label=${t("evaluation.open", { value: numberText(value, lang), label })} onClick=${() => store.set({ drill: text, case: "" })}>${numberText(value, lang)}</button>`;
}

/**
 * Return whether a change is for the better; empty: neither.
 * @param {number} change
 * @param {string} direction which way is better
 */
function judged(change, direction) {
  if (!change || direction === "none") return "";
  return (change > 0) === (direction === "higher") ? "better" : "worse";
}

/**
 * @param {Indicator} indicator
 * @param {string} lang
 */
export function titleOf(indicator, lang) {
  return (lang === "zh" && indicator.title_zh) || indicator.title || indicator.name;
}

/**
 * Return what names the groups of an evaluation: areas by their names, classes by theirs.
 * @param {string} by
 * @returns {(value: string | null) => string}
 */
export function useLabels(by) {
  const { api, t } = useConsole();
  const isArea = ["street", "community", "district"].includes(by);
  const grids = useAnswer((signal) => (isArea ? api.get("/grids", { signal }) : undefined), [isArea]);
  const classes = useClasses("");
  const areas = (grids.value?.grids ?? []).flatMap((/** @type {any} */ grid) => grid.areas).filter((/** @type {any} */ area) => area.kind === by);
  return (value) => {
    if (value === null || value === undefined) return t("evaluation.unknown");
    if (isArea) return named(areas.find((/** @type {any} */ area) => area.code === value)?.name, value);
    if (by === "class") return named(classes.find((each) => each.code === value)?.name, value);
    if (by === "kind") return t(`casekind.${value}`);
    return String(value);
  };
}

/**
 * @param {string | null | undefined} name
 * @param {string} code
 */
function named(name, code) {
  return name ? `${name} (${code})` : code;
}
