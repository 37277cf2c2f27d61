// Features by name: what is typed is looked for, and one of what is there is chosen.
import { featuresNamed } from "../../core/features.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useEffect, useId, useRef, useState } from "../../core/html.js";

const PAUSE_MS = 200;

/**
 * @param {{layer: string, chosen: import("../../core/features.js").Named | undefined,
 *   onChoose: (feature: import("../../core/features.js").Named) => void}} given
 */
export function FeatureSearch({ layer, chosen, onChoose }) {
  const { api, city, store, t } = useConsole();
  const id = useId();
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const [text, setText] = useState("");
  const wanted = useLater(text);
  const known = store.get().known;
  const answer = useAnswer((signal) => featuresNamed(api, city, layer, wanted, { known, signal }), [layer, wanted, known]);
  const features = answer.value ?? [];
  const down = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    list.current?.querySelector("button")?.focus();
  };
  return html`<div class="search" aria-busy=${answer.waiting}>
    <label for=${id}>${t("place.search")}</label>
    <input id=${id} type="search" autocomplete="off" value=${text} onKeyDown=${down} onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    <ul ref=${list} class="matches scrolled" aria-label=${t("place.found")} onKeyDown=${toNeighbour}>
      ${features.map((feature) => html`<li key=${feature.key}>
        <button type="button" aria-pressed=${chosen?.key === feature.key} onClick=${() => onChoose(feature)}>
          ${feature.name}${feature.name !== feature.key && html` <span class="code">${feature.key}</span>`}
        </button>
      </li>`)}
    </ul>
    <p class="note" role="status">${answer.problem ? answer.problem.message : !answer.waiting && !features.length ? t("place.not-found") : ""}</p>
  </div>`;
}

/**
 * Return a text once it has rested.
 * @param {string} text
 */
function useLater(text) {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** @param {KeyboardEvent} event arrows go from one to the next */
function toNeighbour(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const item = /** @type {HTMLElement} */ (event.target).closest("li");
  const next = step && /** @type {any} */ (item)?.[step]?.querySelector("button");
  if (!next) return;
  event.preventDefault();
  next.focus();
}
