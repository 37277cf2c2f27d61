// The rows of a number, page by page, and why each is in the answer.
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { Failure } from "./failure.js";

const PAGE_ROWS = 100;

/** @param {{state: import("../core/state.js").State}} given `state.rows` holds the question */
export function Rows({ state }) {
  const { api, store, t, lang } = useConsole();
  const [after, setAfter] = useState("");
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const question = JSON.parse(state.rows);
  useEffect(() => setAfter(""), [state.rows]);
  useEffect(() => dialog.current?.focus(), []);
  const close = () => store.set({ rows: "" });
  const counted = useAnswer((signal) => api.post("/questions", { ...question, count: true }, { signal }), [state.rows]);
  const page = useAnswer(
    (signal) => api.post("/questions", { ...question, limit: PAGE_ROWS, ...(after ? { after } : {}) }, { signal }),
    [state.rows, after],
  );
  const problem = page.problem ?? counted.problem;
  const rows = page.value?.rows ?? [];
  const columns = Object.keys(rows[0] ?? {}).filter((name) => name === "st_key" || name === "st_time" || !name.startsWith("st_"));
  return html`<section class="rows" ref=${dialog} tabindex="-1" aria-label=${t("rows")} aria-busy=${page.waiting}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
    <header>
      <h2 data-rows=${counted.value?.rows[0].count}>${t("rows.title", { count: numberText(counted.value?.rows[0].count, lang) })}</h2>
      <button type="button" onClick=${close}>${t("close")}</button>
    </header>
    ${problem && html`<${Failure} problem=${problem} t=${t} />`}
    <div class="scrolled" tabindex="0" role="region" aria-label=${t("rows")}>
      <table>
        <thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${rows.map((/** @type {any} */ row) => html`<tr>${columns.map((name) => html`<td>${row[name] ?? ""}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
    ${page.value?.next && html`<button type="button" onClick=${() => setAfter(page.value.next)}>${t("rows.next")}</button>`}
  </section>`;
}
