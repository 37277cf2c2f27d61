// What is around a board: the city's name, the boards, language, theme, who is signed in, and the rows of a number.
import { ANSWER, BOARDS } from "../boards/boards.js";
import { useConsole } from "../core/hooks.js";
import { Fragment, html, useState } from "../core/html.js";
import { hashOf } from "../core/state.js";
import { Rows } from "./rows.js";
import { SignIn } from "./signin.js";

/** @param {{state: import("../core/state.js").State, signIn: (token: string) => void}} given */
export function Frame({ state, signIn }) {
  const { city, store, t, lang, dark } = useConsole();
  const [signing, setSigning] = useState(false);
  if (state.board === ANSWER.name) return html`<main id="board" class="board answer"><${ANSWER.show} state=${state} /></main>`;
  const board = BOARDS.find(({ name }) => name === state.board) ?? BOARDS[0];
  const other = lang === "zh" ? "en" : "zh";
  // In a notebook the address is not ours, so the state is set; with a key held a browser opens the address elsewhere.
  const show = (/** @type {MouseEvent} */ event, /** @type {string} */ name) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    store.set({ board: name, rows: "" });
  };
  return html`<${Fragment}>
    <a class="skip" href="#board" onClick=${(/** @type {Event} */ event) => toBoard(event)}>${t("skip")}</a>
    <header class="frame">
      <h1>${city.name}</h1>
      <nav aria-label=${t("boards")}>
        ${BOARDS.map(({ name }) => html`<a href=${hashOf({ ...state, board: name, rows: "" })} aria-current=${name === board.name ? "page" : undefined} onClick=${(/** @type {MouseEvent} */ event) => show(event, name)}>${t(`board.${name}`)}</a>`)}
      </nav>
      <div class="tools">
        <button type="button" lang=${other} onClick=${() => store.set({ lang: other })}>${t("language")}</button>
        <button type="button" aria-pressed=${dark} onClick=${() => store.set({ theme: dark ? "light" : "dark" })}>${t("dark")}</button>
        <button type="button" aria-expanded=${signing} onClick=${() => setSigning(!signing)}>${t("sign-in")}</button>
      </div>
    </header>
    ${signing && html`<${SignIn} signIn=${signIn} close=${() => setSigning(false)} />`}
    <main id="board" class=${`board ${board.name}`} tabindex="-1"><${board.show} state=${state} /></main>
    ${state.rows && html`<${Rows} state=${state} />`}
  <//>`;
}

/** @param {Event} event */
function toBoard(event) {
  event.preventDefault();
  const board = /** @type {HTMLElement} */ (event.target).closest(".console")?.querySelector("main");
  if (board instanceof HTMLElement) board.focus();
}
