// Episodes of a rule: where a value was beyond a threshold for some time; bands of the chart, and a table.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { Failure } from "../failure.js";

/** @param {{chosen: import("./readings.js").Chosen, about: any, readings: import("./readings.js").Readings, state: import("../../core/state.js").State}} given */
export function Episodes({ chosen, about, readings, state }) {
  const { city, store, t, lang } = useConsole();
  const unit = about.values.find((/** @type {any} */ value) => value.name === chosen.value)?.unit ?? "";
  const columns = [
    { name: "station", text: t("field.station") }, { name: "from", text: t("series.from") }, { name: "to", text: t("series.to") },
    { name: "peak", text: t("episode.peak"), number: true }, { name: "mean", text: t("episode.mean"), number: true },
    { name: "readings", text: t("episode.readings"), number: true }, { name: "missing", text: t("episode.missing"), number: true },
  ];
  const rows = readings.episodes.map((episode) => ({
    station: episode.station, to: episode.open ? t("episode.open") : clockText(episode.to, city.zone), peak: numberText(episode.peak, lang), mean: numberText(episode.mean, lang),
    readings: numberText(episode.readings, lang), missing: numberText(episode.missing, lang),
    from: html`<button type="button" class="link" onClick=${() => store.set({ layer: chosen.layer, span: around(episode, city.zone) })}>${clockText(episode.from, city.zone)}</button>`,
  }));
  const found = state.rule && !readings.refused && !readings.seeking;
  return html`<section class="episodes" aria-labelledby="episodes-title" aria-busy=${readings.seeking}>
    <h3 id="episodes-title">${t("episodes")}</h3>
    <${RuleForm} key=${chosen.value} rule=${state.rule} unit=${unit} onRule=${(/** @type {string} */ rule) => store.set({ rule, layer: chosen.layer })} />
    ${state.rule && readings.refused && html`<${Failure} problem=${readings.refused} t=${t} />`}
    ${found && html`<p role="status" class="note">${rows.length ? t("episodes.count", { count: numberText(rows.length, lang) }) : t("episodes.none")}</p>`}
    ${rows.length > 0 && html`<${Table} caption=${t("episodes")} hidden=${true} columns=${columns} rows=${rows} />`}
  </section>`;
}

/** @param {{rule: string, unit: string, onRule: (rule: string) => void}} given */
function RuleForm({ rule, unit, onRule }) {
  const { t } = useConsole();
  const id = useId();
  const known = rule ? JSON.parse(rule) : {};
  const [side, setSide] = useState("below" in known ? "below" : "above");
  const ends = side === "above" ? "ends_below" : "ends_above";
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
    onRule(JSON.stringify({ [side]: Number(text("threshold")), ...(text("ends") && { [ends]: Number(text("ends")) }), for: text("for") || "0h", gap: text("gap") || "0h" }));
  };
  const field = (/** @type {string} */ name, /** @type {string} */ label, /** @type {any} */ more) => html`<div class="control"><label for=${`${id}-${name}`}>${label}</label><input id=${`${id}-${name}`} name=${name} ...${more} /></div>`;
  return html`<form class="controls" onSubmit=${submit}>
    <div class="control"><label for=${`${id}-side`}>${t("episode.side")}</label>
      <select id=${`${id}-side`} value=${side} onChange=${(/** @type {any} */ event) => setSide(event.target.value)}>
        ${["above", "below"].map((value) => html`<option value=${value} selected=${value === side}>${t(`episode.${value}`)}</option>`)}</select></div>
    ${field("threshold", `${t("episode.threshold")}${unit ? ` (${unit})` : ""}`, { type: "number", step: "any", required: true, defaultValue: known[side] ?? "" })}
    ${field("ends", t(`episode.${ends}`), { type: "number", step: "any", defaultValue: known[ends] ?? "" })}
    ${field("for", t("episode.for"), { defaultValue: known.for ?? "3h", size: 5, pattern: "[0-9.]+ ?(s|min|h|d)" })}
    ${field("gap", t("episode.gap"), { defaultValue: known.gap ?? "1h", size: 5, pattern: "[0-9.]+ ?(s|min|h|d)" })}
    <button type="submit">${t("episodes.show")}</button>
    ${rule && html`<button type="button" onClick=${() => onRule("")}>${t("episodes.hide")}</button>`}
  </form>`;
}

const AROUND_MS = 86_400_000;

/**
 * Return a span with an episode and a day on either side.
 * @param {{from: string, to: string | null}} episode
 * @param {string} zone
 */
function around({ from, to }, zone) {
  const ends = [Date.parse(from) - AROUND_MS, Date.parse(to ?? from) + AROUND_MS];
  return ends.map((time) => clockText(new Date(time).toISOString(), zone).replace(" ", "T")).join("/");
}
