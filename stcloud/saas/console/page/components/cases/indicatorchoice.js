// Which indicators are shown, of all that there are.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { titleOf } from "./evaluationtable.js";

/** @param {{log: string, state: import("../../core/state.js").State, shown: string[], usual: string[]}} given */
export function IndicatorChoice({ log, state, shown, usual }) {
  const { api, store, t, lang } = useConsole();
  const [open, setOpen] = useState(false);
  const answer = useAnswer((signal) => (open ? api.post("/evaluations", { log, known_at: state.known, period: "2000" }, { signal }) : undefined), [open, log, state.known]);
  /** @type {import("./evaluationtable.js").Indicator[]} */
  const indicators = answer.value?.indicators ?? [];
  const turn = (/** @type {string} */ name) => {
    const next = indicators.map((indicator) => indicator.name).filter((each) => shown.includes(each) !== (each === name));
    if (next.length) store.set({ indicators: next.join() === usual.join() ? "" : next.join() });
  };
  return html`<details class="indicators" onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>${t("evaluation.indicators", { shown: shown.length })}</summary>
    <fieldset aria-busy=${answer.waiting}><legend class="unseen">${t("evaluation.indicators", { shown: shown.length })}</legend>
      ${indicators.map((indicator) => html`<label key=${indicator.name}><input type="checkbox" checked=${shown.includes(indicator.name)} onChange=${() => turn(indicator.name)} /> ${titleOf(indicator, lang)}</label>`)}
      ${state.indicators && html`<button type="button" onClick=${() => store.set({ indicators: "" })}>${t("evaluation.usual")}</button>`}
    </fieldset>
  </details>`;
}
