// What happened where and when: a question, a map with the two clocks, and its answer in linked views.
import { AreaChooser } from "../components/areachooser.js";
import { KnownClock } from "../components/knownclock.js";
import { Chips } from "../components/question/chips.js";
import { QuestionPanel } from "../components/question/panel.js";
import { QuestionMap } from "../components/questionmap.js";
import { Total } from "../components/total.js";
import { ValidClock } from "../components/validclock.js";
import { Views } from "../components/views/views.js";
import { askedOf } from "../core/asked.js";
import { cellFor } from "../core/areas.js";
import { useConsole } from "../core/hooks.js";
import { html, useEffect, useMemo, useState } from "../core/html.js";
import { awaitMap } from "../core/maplibrary.js";
import { useTotal } from "../core/total.js";

const PAINTED_MS = 20;
const PARTS = Object.freeze(["question", "map", "numbers"]);

/** @param {{state: import("../core/state.js").State}} given */
export function Explore({ state }) {
  const { city, t } = useConsole();
  const [part, setPart] = useState("map");
  const [drawn, setDrawn] = useState(0);
  const [shape, setShape] = useState(/** @type {"" | "box" | "area"} */ (""));
  awaitMap();
  const by = state.by || cellFor(state.map);
  const question = askedOf(state, city);
  const answer = useTotal(question, state.other);
  // The number comes first: the views, which ask for much, follow when it is there.
  const counted = answer.value && JSON.stringify([answer.value.question, answer.value.other]) === JSON.stringify([question, state.other]);
  const [followed, setFollowed] = useState(state);
  const ready = counted || Boolean(answer.problem && !answer.waiting);
  useEffect(() => {
    if (!ready || followed === state) return () => {};
    const later = setTimeout(() => setFollowed(state), PAINTED_MS);
    return () => clearTimeout(later);
  }, [ready, state]);
  const views = useMemo(() => html`<${Views} state=${followed} />`, [followed]);
  return html`<div class="exploring" data-part=${part}>
    <div class="parts" role="group" aria-label=${t("parts")}>${PARTS.map((name) => html`<button type="button" aria-pressed=${part === name} onClick=${() => setPart(name)}>${t(`part.${name}`)}</button>`)}</div>
    <div class="part-question"><${QuestionPanel} state=${state} drawing=${shape !== ""} onDrawing=${(/** @type {boolean} */ on) => {
      setShape(on ? "area" : "");
      if (on) setPart("map");
    }} /></div>
    <div class="part-map">
      <div class="narrow-only"><${Chips} state=${state} /></div>
      <${Total} answer=${answer} />
      <${QuestionMap} state=${state} question=${question} by=${by} chooser=${html`<${AreaChooser} state=${state} by=${by} />`} facts=${answer.value?.facts} shape=${shape} setShape=${setShape} onIdle=${() => setDrawn((/** @type {number} */ n) => n + 1)} />
      <${ValidClock} state=${state} facts=${answer.value?.facts} drawn=${drawn} />
      <${KnownClock} state=${state} />
    </div>
    <div class="part-numbers" aria-busy=${followed !== state}>${views}</div>
  </div>`;
}
