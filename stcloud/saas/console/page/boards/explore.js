// What happened where and when: a map, the two clocks, a question, and its answer in linked views.
import { MapView } from "../components/mapview.js";
import { Count } from "../components/count.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { questionOf } from "../core/question.js";

/** @param {{state: import("../core/state.js").State}} given */
export function Explore({ state }) {
  const { api, store, t } = useConsole();
  const question = questionOf(state);
  const counted = useAnswer((signal) => api.post("/questions", { ...question, count: true }, { signal }), [question]);
  return html`
    <p><${Count} value=${counted.value?.rows[0].count ?? null} question=${question} label=${t("rows")} /></p>
    <${MapView} overlays=${[{ id: "areas", kind: "question", question: { ...question, by: ["cell:500m"], measure: ["count"] }, look: "areas" }]}
      under=${["communities"]} state=${state} onView=${(/** @type {string} */ map) => store.set({ map }, { replace: true })} />`;
}
