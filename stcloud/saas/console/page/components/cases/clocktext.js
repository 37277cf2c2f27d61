// What a clock says, in words, with a sign and a colour.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

/** @typedef {import("./logs.js").CaseClock} CaseClock */

const SIGNS = /** @type {Record<string, string>} */ ({ red: "⚠", yellow: "◔", green: "●" });
const LOOKS = /** @type {Record<string, string>} */ ({ red: "overdue", yellow: "soon", green: "running" });

/**
 * Return the clock by which a case is judged: its own, and before it has one that of its stage.
 * @param {import("./logs.js").CaseEntry} entry
 */
export function clockOf({ clock, stage_clock: stage }) {
  return clock ?? stage;
}

/** @param {{clock: CaseClock | null}} given */
export function ClockBadge({ clock }) {
  const { t, lang } = useConsole();
  const light = lightOf(clock);
  const look = clock?.paused ? "paused" : (LOOKS[light] ?? "off");
  return html`<span class=${`badge ${look}`}><span aria-hidden="true">${SIGNS[light] ?? "○"} </span>${wordsOf(clock, t, lang)}</span>`;
}

/** @param {{clock: CaseClock | null}} given */
export function Due({ clock }) {
  const { city } = useConsole();
  return html`${clockText(clock?.due, city.zone)}`;
}

/**
 * Return how pressing a clock is; empty: it is not, for it has ended or there is none.
 * @param {CaseClock | null} clock
 */
export function lightOf(clock) {
  if (!clock || hasEnded(clock)) return "";
  return clock.light ?? (clock.overdue && !clock.exempt ? "red" : "");
}

/**
 * @param {CaseClock} clock
 */
export function hasEnded(clock) {
  return Boolean(clock.started) && !clock.running && !clock.paused;
}

/**
 * Return what a clock says: `overdue by 3 work days`, `2 work hours left`.
 * @param {CaseClock | null} clock
 * @param {import("../../core/words.js").Translate} t
 * @param {string} lang
 */
export function wordsOf(clock, t, lang) {
  if (!clock || (!clock.due && !clock.limit && !clock.paused)) return t("clock.off");
  const left = clock.left === null || clock.left === undefined ? "" : leftText(clock, t, lang);
  if (clock.exempt && clock.overdue) return t("clock.exempt");
  if (!clock.started) return t("clock.waiting");
  if (clock.overdue && hasEnded(clock)) return left ? t("clock.late.by", { left }) : t("clock.late");
  if (clock.overdue) return left ? t("clock.overdue.by", { left }) : t("clock.overdue");
  if (clock.paused) return left ? t("clock.paused.left", { left }) : t("clock.paused");
  if (clock.running) return left ? t("clock.left", { left }) : t("clock.running");
  return t("clock.stopped");
}

/**
 * @param {CaseClock} clock
 * @param {import("../../core/words.js").Translate} t
 * @param {string} lang
 */
function leftText(clock, t, lang) {
  const left = Math.abs(clock.left ?? 0);
  const unit = unitOf(clock.limit);
  if (unit.endsWith("_hour") && left < 1) return t("unit.minute", { value: numberText(left * 60, lang, 1) });
  const value = numberText(left, lang, 1);
  return unit ? t(`unit.${unit}`, { value }) : value;
}

/**
 * Return a limit in words: `5 work days`.
 * @param {string | null} limit
 * @param {import("../../core/words.js").Translate} t
 */
export function limitText(limit, t) {
  const unit = unitOf(limit);
  return limit && unit ? t(`unit.${unit}`, { value: limit.split(" ")[0] }) : (limit ?? t("clock.limit.source"));
}

/** @param {string | null} limit */
function unitOf(limit) {
  const [, kind, unit] = /^[\d.]+ (urgent|work|natural) (hour|day)s?$/.exec(limit ?? "") ?? [];
  return kind ? `${kind}_${unit}` : "";
}
