// What the boards' panels are made of: a choice, a typed text, parts of a board, what was just done.
import { html, useEffect, useId, useState } from "../../core/html.js";

/**
 * A choice among a few.
 * @param {{label: string, value: string, options: {value: string, text: string}[], onChange: (value: string) => void}} given
 */
export function Choice({ label, value, options, onChange }) {
  const id = useId();
  return html`<div class="control">
    <label for=${id}>${label}</label>
    <select id=${id} value=${value} onChange=${(/** @type {Event} */ event) => onChange(valueOf(event))}>
      ${options.map((option) => html`<option value=${option.value} selected=${option.value === value}>${option.text}</option>`)}
    </select>
  </div>`;
}

/**
 * A text that is typed; it holds when Enter is pressed, or the field is left.
 * @param {{label: string, value: string, onChange: (value: string) => void, hint?: string, list?: readonly string[], type?: string}} given
 *   `list`: what may be meant
 */
export function Typed({ label, value, onChange, hint = "", list = [], type = "text" }) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = () => text !== value && onChange(text.trim());
  return html`<div class="control">
    <label for=${id}>${label}</label>
    <input id=${id} type=${type} value=${text} placeholder=${hint} autocomplete="off" spellcheck=${false} list=${list.length ? `${id}-list` : undefined}
      onInput=${(/** @type {Event} */ event) => setText(valueOf(event))} onChange=${commit} onBlur=${commit}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && commit()} />
    ${list.length > 0 && html`<datalist id=${`${id}-list`}>${list.map((each) => html`<option value=${each} />`)}</datalist>`}
  </div>`;
}

/**
 * The parts of a board, of which one is shown.
 * @param {{label: string, parts: {value: string, text: string}[], value: string, onChange: (value: string) => void}} given
 */
export function Parts({ label, parts, value, onChange }) {
  return html`<nav class="board-parts" aria-label=${label}>
    ${parts.map((part) => html`<button type="button" aria-current=${part.value === value ? "true" : undefined} onClick=${() => onChange(part.value)}>${part.text}</button>`)}
  </nav>`;
}

/**
 * What was just done, for eyes and for screen readers alike.
 * @param {{text: string}} given empty: nothing
 */
export function Said({ text }) {
  return html`<p class=${text ? "said" : "said silent"} role="status" aria-live="polite">${text}</p>`;
}

/**
 * @param {Event} event of a control that has a value
 */
export function valueOf(event) {
  return /** @type {HTMLInputElement} */ (event.target).value;
}
