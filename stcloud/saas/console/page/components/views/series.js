// How many in each bin of time, beside those of another period, place or moment of knowledge.
import { layerOf } from "../../core/asked.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { useNarrowing } from "../../core/narrowing.js";
import { LINES } from "../../core/palette.js";
import { fieldOf, ofGroup } from "../../core/question.js";
import { binName, binStart, nextBin, spanOf, whenWithin } from "../../core/span.js";
import { Count } from "../count.js";
import { besideIn, besideName, changeText } from "./beside.js";
import { Chart, chartPicture } from "./chart.js";
import { View } from "./view.js";

const MOST_BINS = 2_000;

/**
 * @param {{plan: import("./plan.js").Plan, answer: import("../../core/api.js").Answer, naming: import("../../core/naming.js").Naming, measure: string}} given
 */
export function Series({ plan, answer, naming, measure }) {
  const { city, store, t, lang } = useConsole();
  const narrowing = useNarrowing();
  const [at, setAt] = useState(/** @type {number | undefined} */ (undefined));
  const { bin, field, base, compare } = plan;
  const bins = binsOf(plan, answer.rows ?? []);
  const name = (/** @type {Bar} */ { text }) => naming.value(bin, text);
  const compared = bins.some(({ row }) => row && besideIn(row, field) !== undefined);
  const blank = field === "count" ? 0 : null;
  const lines = [
    { name: measure, bars: field === "count", values: bins.map(({ row }) => row?.[field] ?? blank) },
    ...(compared ? [{ name: besideName(compare, t), bars: false, values: bins.map(({ row }) => (row ? besideIn(row, field) : undefined) ?? blank) }] : []),
  ];
  const choose = (/** @type {import("./chart.js").Chosen} */ { first, last }, /** @type {{shiftKey: boolean, altKey: boolean}} */ event) => {
    const bar = bins[first];
    if (first === last && bar?.row) narrowing.to(event, base, { [bin]: bar.row[bin] });
    else if (first !== last) store.set({ when: whenWithin(store.get().when, within({ from: bar.from, to: nextBin(bins[last].from, bin) }, plan.span)) });
  };
  const count = (/** @type {Bar} */ bar) => (bar.row ? html`<${Count} value=${bar.row.count} question=${ofGroup(base, { [bin]: bar.row[bin] })} label=${name(bar)} />` : "0");
  const title = t(layerOf(city, base.layer)?.kind === "feature" ? "series.began" : "series.title", { measure, bin: t(`grouped.${bin}`) });
  const table = () => ({
    caption: title,
    columns: [t(`grouped.${bin}`), t("count"), ...(field === "value" ? [measure] : []), ...(compared ? [besideName(compare, t), t("change")] : [])],
    rows: bins.map((bar) => [name(bar), count(bar), ...(field === "value" ? [numberText(bar.row?.value, lang)] : []),
      ...(compared ? [bar.row ? numberText(besideIn(bar.row, field), lang) : "0", bar.row ? changeText(bar.row, field, lang) : "–"] : [])]),
  });
  const shape = { times: bins.map(({ from }) => from), until: nextBin(bins.at(-1)?.from ?? plan.span.from, bin), whole: field === "count", lines };
  const pointed = at === undefined ? undefined : bins[at];
  return html`<${View} name="series" wide=${true} title=${title} question=${plan.questions.series} answer=${answer} table=${table} picture=${(/** @type {Element} */ place) => chartPicture({ ...shape, lang }, place)}>
    ${compared && html`<p class="legend">${lines.map((line, each) => html`<span key=${each}><i class=${line.bars ? "swatch" : "swatch line"} style=${{ background: LINES[each] }}></i>${line.name}</span>`)}</p>`}
    <${Chart} ...${shape} names=${bins.map(name)} label=${title} onChoose=${choose} onAt=${setAt} />
    <p class="readout">${pointed
      ? html`${name(pointed)}: ${count(pointed)}${field === "value" && html` · ${measure} ${numberText(pointed.row?.value, lang)}`}
          ${compared && pointed.row && html` · ${besideName(compare, t)} ${numberText(besideIn(pointed.row, field), lang)}`}`
      : t("series.how")}</p>
  <//>`;
}

/**
 * @typedef {object} Bar a bin of the axis
 * @property {number} from
 * @property {string} text as answers write it
 * @property {Record<string, any>} [row] undefined: nothing was there
 */

/**
 * Return all bins of a plan's time, also those that an answer has not, for nothing was there.
 * @param {import("./plan.js").Plan} plan
 * @param {Record<string, any>[]} rows
 * @returns {Bar[]}
 */
export function binsOf({ bin, span }, rows) {
  const field = fieldOf(bin);
  const known = rows.filter((row) => row[field] !== null).map((row) => ({ from: spanOf(String(row[field]))?.from ?? 0, text: String(row[field]), row }));
  const starts = new Set(known.map(({ from }) => from));
  const from = Math.min(binStart(span.from, bin), ...starts);
  const to = Math.max(span.to, ...starts);
  /** @type {Bar[]} */
  const empty = [];
  for (let at = from; at < to && empty.length < MOST_BINS; at = nextBin(at, bin)) if (!starts.has(at)) empty.push({ from: at, text: binName(at, bin) });
  return [...known, ...empty].toSorted((one, other) => one.from - other.from);
}

/** @param {import("../../core/span.js").Span} span @param {import("../../core/span.js").Span} bounds */
const within = (span, bounds) => ({ from: Math.max(span.from, bounds.from), to: Math.min(span.to, bounds.to) });
