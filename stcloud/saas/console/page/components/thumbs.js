// Sliders of one thumb or two: what is chosen is shown while a thumb moves, and asked when it is let go.
import { html, useEffect, useState } from "../core/html.js";

/**
 * @typedef {object} Given
 * @property {number} least
 * @property {number} most
 * @property {number[]} values of one thumb, or of two in their order
 * @property {string[]} labels of the thumbs
 * @property {(value: number, thumb: number) => string} text of a value
 * @property {(values: number[]) => void} onMove while a thumb moves
 * @property {(values: number[]) => void} onSettle when it is let go
 * @property {number[]} [marks]
 */

/** @param {Given} given */
export function Thumbs({ least, most, values, labels, text, onMove, onSettle, marks = [] }) {
  const [moved, setMoved] = useState(/** @type {number[] | null} */ (null));
  useEffect(() => setMoved(null), [values.join()]);
  const shown = moved ?? values;
  const share = (/** @type {number} */ value) => (most > least ? ((value - least) / (most - least)) * 100 : 0);
  const changed = (/** @type {number} */ thumb, /** @type {Event} */ event) => {
    const next = [...shown];
    next[thumb] = Number(/** @type {HTMLInputElement} */ (event.target).value);
    if (next.length === 2 && next[0] >= next[1]) next[thumb] = thumb ? Math.min(most, next[0] + 1) : Math.max(least, next[1] - 1);
    return next;
  };
  const ends = shown.length === 2 ? shown.map(share) : [0, share(shown[0])];
  return html`<div class="thumbs" data-thumbs=${shown.length}>
    <div class="track" aria-hidden="true"><div class="chosen" style=${{ left: `${ends[0]}%`, width: `${Math.max(0, ends[1] - ends[0])}%` }}></div>
      ${marks.map((mark) => html`<i key=${mark} style=${{ left: `${share(mark)}%` }}></i>`)}</div>
    ${shown.map((value, thumb) => html`<input key=${thumb} type="range" min=${least} max=${most} step="1" value=${value} aria-label=${labels[thumb]} aria-valuetext=${text(value, thumb)}
      onInput=${(/** @type {Event} */ event) => {
        const next = changed(thumb, event);
        setMoved(next);
        onMove(next);
      }}
      onChange=${(/** @type {Event} */ event) => onSettle(changed(thumb, event))} />`)}
  </div>`;
}
