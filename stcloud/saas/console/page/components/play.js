// Moves a span step by step, each time after the map has drawn the one before.
import { useConsole } from "../core/hooks.js";
import { html, useEffect, useRef, useState } from "../core/html.js";

const PAUSES_MS = Object.freeze({ slow: 2000, normal: 900, fast: 250 });

/**
 * @param {{step: (by: number) => boolean, drawn: number, able: boolean}} given `step` returns false at the end;
 *   `drawn` grows when the map is drawn
 */
export function Play({ step, drawn, able }) {
  const { t } = useConsole();
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(/** @type {keyof typeof PAUSES_MS} */ ("normal"));
  const newest = useRef(step);
  newest.current = step;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  useEffect(() => {
    if (!playing) return () => {};
    const timer = setTimeout(() => newest.current(1) || setPlaying(false), PAUSES_MS[speed]);
    return () => clearTimeout(timer);
  }, [playing, speed, drawn]);
  return html`<div class="play" role="group" aria-label=${t("play")}>
    <button type="button" disabled=${!able} aria-label=${t("play.back")} title=${t("play.back")} onClick=${() => step(-1)}>◂</button>
    ${!still && html`<button type="button" disabled=${!able} aria-pressed=${playing} aria-label=${t(playing ? "play.pause" : "play.start")} title=${t(playing ? "play.pause" : "play.start")}
      onClick=${() => setPlaying(!playing)}>${playing ? "❚❚" : "▶"}</button>`}
    <button type="button" disabled=${!able} aria-label=${t("play.on")} title=${t("play.on")} onClick=${() => step(1)}>▸</button>
    ${!still && html`<select aria-label=${t("play.speed")} value=${speed} onChange=${(/** @type {Event} */ event) => setSpeed(/** @type {any} */ (/** @type {HTMLSelectElement} */ (event.target).value))}>
      ${Object.keys(PAUSES_MS).map((name) => html`<option value=${name}>${t(`play.${name}`)}</option>`)}</select>`}
  </div>`;
}
