// The answer to a question in linked views: what is clicked in one narrows all of them.
import { layerOf } from "../../core/asked.js";
import { Problem } from "../../core/api.js";
import { quotedName } from "../../core/condition.js";
import { useAreas, useLayer } from "../../core/documents.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useMemo, useState } from "../../core/html.js";
import { byColumn, useNaming } from "../../core/naming.js";
import { Failure } from "../failure.js";
import { Chips } from "../question/chips.js";
import { measureName } from "../question/measure.js";
import { CalendarMap } from "./calendarmap.js";
import { Distribution } from "./distribution.js";
import { GroupList } from "./grouplist.js";
import { Headline } from "./headline.js";
import { planOf, topColumns } from "./plan.js";
import { Series } from "./series.js";
import { Waiting } from "./waiting.js";
import { WeekMap } from "./weekmap.js";

/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {Partial<Record<import("./plan.js").Part, any>>} Answers */

const SHORT = 12;
const LONG = 100;

/** @param {{state: import("../../core/state.js").State}} given */
export function Views({ state }) {
  const { api, city, t } = useConsole();
  const layer = useLayer(state.layer);
  const naming = useNaming(layer);
  const areas = useAreaChoices();
  const [most, setMost] = useState(SHORT);
  const [tries, setTries] = useState(0);
  const area = areas?.find(({ by }) => by === state.by) ?? areas?.[0];
  const plan = layer && areas && planOf(state, city, layer, { areasBy: area ? namedBy(area.by, city) : [], most });
  const coming = useAnswer((signal) => {
    if (!plan) return undefined;
    const parts = /** @type {[keyof Answers, any][]} */ (Object.entries(plan.questions));
    return api.batch(parts.map(([, question]) => question), { signal }).then((answers) => (
      { plan, layer, answers: /** @type {Answers} */ (Object.fromEntries(parts.map(([part], at) => [part, answers[at]]))) }));
  }, [plan, tries]);
  const shown = coming.value?.layer.name === state.layer ? coming.value : undefined;
  const problem = coming.problem ?? (shown?.answers.head instanceof Problem ? shown.answers.head : undefined);
  const there = city.layers.some(({ name }) => name === state.layer);
  const waiting = there && (coming.waiting || (!layer && !problem));
  return html`<section class="views" aria-label=${t("views")} aria-busy=${waiting}>
    <${Chips} state=${state} />
    <${Waiting} waiting=${waiting} />
    ${problem && html`<${Failure} problem=${problem} t=${t} again=${() => setTries(tries + 1)} />`}
    ${shown && !problem && html`<${Answered} shown=${shown} state=${state} naming=${naming} areas=${areas ?? []} area=${area} most=${most} waiting=${coming.waiting}
      onMore=${most < LONG ? () => setMost(LONG) : undefined} />`}
  </section>`;
}

/**
 * @param {{shown: {plan: Plan, layer: import("../../core/documents.js").LayerDocument, answers: Answers}, state: import("../../core/state.js").State,
 *   naming: import("../../core/naming.js").Naming, areas: Choice[], area: Choice | undefined, most: number, waiting: boolean, onMore?: () => void}} given
 */
function Answered({ shown: { plan, layer, answers }, state, naming, areas, area, most, waiting, onMore }) {
  const { store, t } = useConsole();
  // Drawn again when the answers are others, and not while they are awaited.
  const drawn = useMemo(() => {
    const measure = measureName(state.measure, layer, naming, t);
    const shared = { plan, naming, measure };
    const topChoice = html`<select aria-label=${t("top.choice")} value=${plan.topBy[0]} onChange=${(/** @type {any} */ event) => store.set({ top: event.target.value })}>
      ${topColumns(layer).map(({ name }) => html`<option value=${byColumn(name)}>${naming.column(name)}</option>`)}</select>`;
    const areaChoice = areas.length > 1 && html`<select aria-label=${t("areas.choice")} value=${area?.by} onChange=${(/** @type {any} */ event) => store.set({ by: event.target.value })}>
      ${areas.map(({ by, name }) => html`<option value=${by}>${name}</option>`)}</select>`;
    return html`
      <${Headline} plan=${plan} answer=${answers.head} title=${layer.title || layer.name} measure=${measure} />
      ${answers.series && html`<${Series} ...${shared} answer=${answers.series} />`}
      ${answers.top && html`<${GroupList} ...${shared} name="top" by=${plan.topBy} answer=${answers.top} most=${most} onMore=${onMore} choice=${topChoice}
        title=${t("top.title", { column: naming.of(plan.topBy[0]) })} />`}
      ${answers.areas && html`<${GroupList} ...${shared} name="areas" by=${plan.areasBy} answer=${answers.areas} most=${most} onMore=${onMore} choice=${areaChoice}
        title=${t("areas.title", { area: naming.of(plan.areasBy[0]) })} />`}
      ${answers.week && html`<${WeekMap} ...${shared} answer=${answers.week} />`}
      ${answers.days && html`<${CalendarMap} ...${shared} answer=${answers.days} />`}`;
  }, [plan, answers, naming, areas.map(({ by, name }) => by + name).join(), area?.by, most, state.measure, t]);
  return html`<div class=${`linked${waiting ? " former" : ""}`}>
    ${drawn}
    <${Distribution} base=${plan.base} layer=${layer} naming=${naming} ready=${!waiting} />
  </div>`;
}

/** @typedef {{by: string, name: string}} Choice */

/**
 * Return by which areas rows may be listed: layers of areas, and parts of the unit grid.
 * @returns {Choice[] | undefined} undefined: it is not known yet
 */
function useAreaChoices() {
  const { city, t } = useConsole();
  const { layers, waiting } = useAreas();
  if (waiting && !layers.length) return undefined;
  const parts = city.grids.length ? ["community", "street", "district"] : [];
  return [
    ...layers.map(({ name, title }) => ({ by: `in:${name}`, name: title || name })),
    ...parts.map((by) => ({ by, name: t(`grouped.${by}`) })),
  ];
}

/**
 * Return what groups by areas, and names them: a layer's areas by their key and their name then.
 * @param {string} by
 * @param {import("../../core/hooks.js").City} city
 */
function namedBy(by, city) {
  const layer = /^in:(.+)$/.exec(by)?.[1];
  const label = layer && layerOf(city, layer)?.label;
  return label && quotedName(label) === label ? [by, `${by}.${label}`] : [by];
}
