// Lines of stations over time with what is missing, what cannot be right, and episodes; the same as a table.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useMemo, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { Failure } from "../failure.js";
import { lineColours } from "./colours.js";
import { Lines } from "./lines.js";
import { linesOf, nameOf, timeOf } from "./readings.js";

const PAGE_ROWS = 100;

/** @typedef {import("./readings.js").Chosen} Chosen */
/** @typedef {import("./readings.js").Readings} Readings */

/** @param {{chosen: Chosen, about: any, readings: Readings}} given */
export function ReadingsChart({ chosen, about, readings }) {
  const { city, store, t, lang, dark } = useConsole();
  const { times, lines } = useMemo(() => linesOf(readings, chosen, city.zone), [readings.rows, readings.gaps, JSON.stringify(chosen)]);
  const value = about.values.find((/** @type {any} */ each) => each.name === chosen.value);
  const colours = lineColours(dark);
  const bands = readings.episodes.filter(({ station }) => chosen.stations.includes(station)).map((episode) => ({
    from: timeOf(episode.from, city.zone), to: episode.to ? timeOf(episode.to, city.zone) : (times.at(-1) ?? 0), colour: colours[chosen.stations.indexOf(episode.station)],
    lane: chosen.stations.indexOf(episode.station),
  }));
  const gaps = chosen.every || chosen.stations.length > 1 ? [] : readings.gaps.map((gap) => ({ from: timeOf(gap.from, city.zone), to: timeOf(gap.to, city.zone) }));
  const narrow = (/** @type {number} */ from, /** @type {number} */ to) => store.set({ layer: chosen.layer, span: `${localMinute(from, city.zone)}/${localMinute(to, city.zone)}` });
  const odd = readings.rows.filter((row) => row[`${chosen.value}_flag`] === "implausible").length;
  const incomplete = readings.rows.filter((row) => ["incomplete", "empty"].includes(row[`${chosen.value}_flag`])).length;
  const many = readings.problem?.kind === "too-many-rows";
  return html`
    ${readings.problem && html`<${Failure} problem=${readings.problem} t=${t} />`}
    ${many && html`<p><button type="button" onClick=${() => store.set({ every: "1d", layer: chosen.layer })}>${t("series.days")}</button></p>`}
    ${!readings.problem && html`<figure class="readings" aria-busy=${readings.waiting}>
      <figcaption>
        <strong>${value?.title ?? chosen.value}</strong> ${chosen.every ? `${t(`method.${chosen.method}`)}, ${t(`every.${chosen.every}`)}` : ""} ${value?.unit ? `(${value.unit})` : ""}
        <ul class="signs" aria-label=${t("map.signs")}>
          ${chosen.stations.map((station, at) => html`<li><span class="sign" style=${{ background: colours[at] }}></span>${station}</li>`)}
          ${odd > 0 && html`<li><span class="odd-sign" aria-hidden="true">×</span> ${t("series.odd")}</li>`}
          ${bands.length > 0 && html`<li><span class="band-sign"></span>${t("series.episode")}</li>`}
          ${gaps.length > 0 && html`<li><span class="gap-sign"></span>${t("series.gap")}</li>`}
        </ul>
      </figcaption>
      <${Lines} times=${times} lines=${lines} bands=${bands} gaps=${gaps} colours=${colours} zone=${city.zone} timeLabel=${t("field.at")} onSpan=${narrow}
        label=${t("series.chart", { value: chosen.value, stations: chosen.stations.join(", "), span: chosen.span })} />
      <p class="note">${t(chosen.every ? "series.bins" : "series.readings", { count: numberText(readings.total, lang) })}
        ${chosen.every && readings.complete ? ` ${t("series.complete", { complete: readings.complete })}` : ""}
        ${incomplete > 0 ? ` ${t("series.incomplete", { count: numberText(incomplete, lang) })}` : ""}
        ${odd > 0 ? ` ${t("series.odd.count", { count: numberText(odd, lang) })}` : ""}
        ${readings.gaps.length > 0 ? ` ${t("series.gaps.count", { count: numberText(readings.gaps.length, lang) })}` : ""} ${t("series.drag")}</p>
    </figure>
    <${RowsTable} chosen=${chosen} readings=${readings} />
    <${GapsTable} readings=${readings} />`}`;
}

/** @param {{chosen: Chosen, readings: Readings}} given */
function RowsTable({ chosen, readings }) {
  const { city, t, lang } = useConsole();
  const [first, setFirst] = useState(0);
  const name = nameOf(chosen);
  const columns = [
    { name: "station", text: t("field.station") }, { name: "time", text: t("field.at") }, { name: "value", text: name, number: true },
    ...(chosen.every ? [{ name: "count", text: t("series.count"), number: true }] : []), { name: "flag", text: t("series.flag") },
  ];
  const shown = readings.rows.slice(first, first + PAGE_ROWS);
  const rows = shown.map((row) => ({
    station: row.station, time: chosen.every ? row.time : clockText(row.time, city.zone), value: numberText(row[name], lang),
    count: `${row[`${chosen.value}_count`] ?? ""} / ${row.expected ?? ""}`, flag: flagText(row[`${chosen.value}_flag`], t),
  }));
  return html`<details class="optional"><summary>${t("series.table", { count: numberText(readings.total, lang) })}</summary>
    <${Table} caption=${t("series.table", { count: numberText(readings.total, lang) })} hidden=${true} columns=${columns} rows=${rows} />
    ${readings.rows.length > PAGE_ROWS && html`<nav class="pages" aria-label=${t("pages")}>
      <button type="button" disabled=${first === 0} onClick=${() => setFirst(first - PAGE_ROWS)}>${t("pages.previous")}</button>
      <span role="status">${t("rows.shown", { first: numberText(first + 1, lang), last: numberText(Math.min(first + PAGE_ROWS, readings.rows.length), lang), all: numberText(readings.total, lang) })}</span>
      <button type="button" disabled=${first + PAGE_ROWS >= readings.rows.length} onClick=${() => setFirst(first + PAGE_ROWS)}>${t("pages.next")}</button>
    </nav>`}
  </details>`;
}

/** @param {{readings: Readings}} given */
function GapsTable({ readings }) {
  const { city, t, lang } = useConsole();
  if (!readings.gaps.length) return null;
  const columns = [{ name: "station", text: t("field.station") }, { name: "from", text: t("series.from") }, { name: "to", text: t("series.to") }, { name: "steps", text: t("series.steps"), number: true }];
  const rows = readings.gaps.map((gap) => ({ station: gap.station, from: clockText(gap.from, city.zone), to: clockText(gap.to, city.zone), steps: numberText(gap.steps, lang) }));
  const title = t("series.gaps", { count: numberText(readings.gaps.length, lang) });
  return html`<details class="optional"><summary>${title}</summary><${Table} caption=${title} hidden=${true} columns=${columns} rows=${rows} /></details>`;
}

/**
 * @param {string | undefined} flag
 * @param {import("../../core/words.js").Translate} t
 */
function flagText(flag, t) {
  return flag ? t(`flag.${flag}`) : "";
}

/**
 * @param {number} time ms
 * @param {string} zone
 */
function localMinute(time, zone) {
  return clockText(new Date(time).toISOString(), zone).replace(" ", "T");
}
