// The console: what there is of the city is asked once, then the frame with a board is shown.
import { Context, useAnswer } from "../core/hooks.js";
import { html, useEffect, useMemo, useState } from "../core/html.js";
import { useStore } from "../core/store.js";
import { languageOf, translator } from "../core/words.js";
import { Frame } from "./frame.js";
import { Failure } from "./failure.js";

/**
 * @param {{api: import("../core/api.js").Api, store: import("../core/store.js").Store, root: HTMLElement}} given
 */
export function Console({ api, store, root }) {
  const state = useStore(store);
  const [sessions, setSessions] = useState(0);
  const lang = languageOf(state.lang, navigator.languages);
  const t = useMemo(() => translator(lang), [lang]);
  const dark = useDark(state.theme);
  useEffect(() => {
    root.lang = lang;
    if (!root.classList.contains("cell")) document.documentElement.lang = lang;
    root.dataset.theme = dark ? "dark" : "light";
  }, [lang, dark]);
  const city = useAnswer((signal) => api.get("/console.json", { signal }), [sessions]);
  // A state without an instant is that of now: written down, so that the address gives the same numbers again.
  useEffect(() => {
    if (!city.value) return;
    const { layers, now } = city.value;
    const current = store.get();
    const first = layers.find((/** @type {any} */ layer) => layer.kind === "event") ?? layers[0];
    store.set({ known: current.known || now, layer: current.layer || first?.name || "" }, { replace: true });
  }, [city.value, state.known, state.layer]);
  if (city.problem) return html`<main class="alone"><${Failure} problem=${city.problem} t=${t} again=${() => setSessions(sessions + 1)} /></main>`;
  if (!city.value || !state.known) return html`<main class="alone" aria-busy="true"><p role="status">${t("starting")}</p></main>`;
  const signIn = (/** @type {string} */ token) => {
    api.signIn(token);
    setSessions(sessions + 1);
  };
  return html`<${Context.Provider} value=${{ api, store, city: city.value, t, lang, dark }}>
    <${Frame} key=${city.value.now} state=${state} signIn=${signIn} />
  <//>`;
}

/**
 * Return whether the page is dark: as it is wished, else as the system is.
 * @param {string} theme
 */
function useDark(theme) {
  const query = useMemo(() => window.matchMedia("(prefers-color-scheme: dark)"), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = () => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, [query]);
  return theme ? theme === "dark" : dark;
}
