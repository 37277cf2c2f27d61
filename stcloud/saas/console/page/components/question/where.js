// Where: places; each is an alternative.
import { useConsole } from "../../core/hooks.js";
import { Fragment, html, useEffect, useState } from "../../core/html.js";
import { PlaceWords } from "./described.js";
import { PlaceForm } from "./placeform.js";
import { Entry, Section } from "./section.js";

/**
 * @param {{state: import("../../core/state.js").State, faults: import("./faults.js").Faults, drawing: boolean,
 *   onDrawing?: (drawing: boolean) => void}} given
 */
export function Where({ state, faults, drawing, onDrawing }) {
  const { store, t } = useConsole();
  const [adding, setAdding] = useState(false);
  const done = (/** @type {string} */ place) => {
    setAdding(false);
    if (!state.where.includes(place)) store.set({ where: [...state.where, place] });
  };
  useEffect(() => setAdding((former) => former && !drawing), [drawing]);
  return html`<${Section} name="where" count=${state.where.length}>
    <ul class="entries">
      ${state.where.map((place, at) => html`<${Entry} key=${place} problem=${faults("where", place)}
        onRemove=${() => store.set({ where: state.where.filter((_, each) => each !== at) })}><${PlaceWords} text=${place} /><//>`)}
    </ul>
    ${state.where.length > 1 && html`<p class="note">${t("where.any")}</p>`}
    ${drawing
      ? html`<p class="note" role="status">${t("where.drawing")} <button type="button" onClick=${() => onDrawing?.(false)}>${t("cancel")}</button></p>`
      : adding
        ? html`<${PlaceForm} at=${state.at} onDone=${done} onCancel=${() => setAdding(false)} onDraw=${onDrawing && (() => onDrawing(true))} />`
        : html`<${Fragment}>
            ${!state.where.length && html`<p class="note">${t("where.none")}</p>`}
            <p class="actions">
              <button type="button" onClick=${() => setAdding(true)}>${t("where.add")}</button>
              ${onDrawing && html`<button type="button" onClick=${() => onDrawing(true)}>${t("where.draw")}</button>`}
            </p>
          <//>`}
  <//>`;
}
