// The question: which layer, what, where, when, what is measured and put beside; as one sees it, copies and keeps it.
import { askedOf, compareOf, measureOf } from "../../core/asked.js";
import { useLayer } from "../../core/documents.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { useNaming } from "../../core/naming.js";
import { useFaults } from "./faults.js";
import { QuestionForms } from "./forms.js";
import { LayerChooser } from "./layerchooser.js";
import { MeasureAndCompare, measureName } from "./measure.js";
import { What } from "./what.js";
import { When } from "./when.js";
import { Where } from "./where.js";

/**
 * @param {{state: import("../../core/state.js").State, drawing?: boolean, onDrawing?: (drawing: boolean) => void}} given
 *   `drawing`: whether an area is being drawn on a map; `onDrawing`: begins and ends that. Without it nothing is drawn.
 */
export function QuestionPanel({ state, drawing = false, onDrawing }) {
  const { api, city, t } = useConsole();
  const [tries, setTries] = useState(0);
  const question = { ...askedOf(state, city), measure: measureOf(state).measure, ...compareOf(state) };
  const layer = useLayer(state.layer);
  const naming = useNaming(layer);
  const forms = useAnswer((signal) => api.post("/questions/forms", question, { signal }), [question, tries]);
  const faults = useFaults(question, forms.problem);
  return html`<section class="question-panel" aria-label=${t("panel")}>
    <${LayerChooser} state=${state} />
    <${What} state=${state} faults=${faults} />
    <${Where} state=${state} faults=${faults} drawing=${drawing} onDrawing=${onDrawing} />
    <${When} state=${state} faults=${faults} />
    <${MeasureAndCompare} state=${state} faults=${faults} />
    <${QuestionForms} question=${question} naming=${naming} measure=${measureName(state.measure, layer, naming, t)} coming=${forms} again=${() => setTries(tries + 1)} />
  </section>`;
}
