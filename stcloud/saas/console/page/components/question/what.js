// What: conditions on columns; all must hold.
import { useConsole } from "../../core/hooks.js";
import { Fragment, html, useState } from "../../core/html.js";
import { useLayer } from "../../core/documents.js";
import { useNaming } from "../../core/naming.js";
import { ConditionForm } from "./conditionform.js";
import { filterWords } from "./described.js";
import { Entry, Section } from "./section.js";

/** @param {{state: import("../../core/state.js").State, faults: import("./faults.js").Faults}} given */
export function What({ state, faults }) {
  const { store, t } = useConsole();
  const layer = useLayer(state.layer);
  const naming = useNaming(layer);
  const [edited, setEdited] = useState(/** @type {number | undefined} */ (undefined)); // state.what.length: a new one
  const keep = (/** @type {string} */ filter) => {
    const at = edited ?? state.what.length;
    setEdited(undefined);
    store.set({ what: [...state.what.slice(0, at), filter, ...state.what.slice(at + 1)].filter((text, each, all) => all.indexOf(text) === each) });
  };
  const remove = (/** @type {number} */ at) => {
    setEdited(undefined);
    store.set({ what: state.what.filter((_, each) => each !== at) });
  };
  const form = (/** @type {string} */ filter) => html`<${ConditionForm} key=${`${state.layer} ${filter}`} layer=${layer} filter=${filter}
    onDone=${keep} onCancel=${() => setEdited(undefined)} />`;
  return html`<${Section} name="what" count=${state.what.length}>
    <ul class="entries">
      ${state.what.map((filter, at) => (edited === at
        ? html`<li key=${filter}>${form(filter)}</li>`
        : html`<${Entry} key=${filter} problem=${faults("what", filter)} onEdit=${() => setEdited(at)} onRemove=${() => remove(at)}>
            ${filterWords(filter, naming, t)}<//>`))}
    </ul>
    ${edited === state.what.length
      ? form("")
      : html`<${Fragment}>
          ${!state.what.length && html`<p class="note">${t("what.none")}</p>`}
          <button type="button" disabled=${!layer} onClick=${() => setEdited(state.what.length)}>${t("what.add")}</button>
        <//>`}
  <//>`;
}
