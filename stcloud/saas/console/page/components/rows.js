// The rows of a number, page by page: as many as the number says. A row opens why it is in the answer.
import { useLayer } from "../core/documents.js";
import { downloadTable, fileName } from "../core/exporting.js";
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { Problem } from "../core/api.js";
import { Failure } from "./failure.js";
import { ColumnChooser, columnsShown } from "./rows/columns.js";
import { RowTable } from "./rows/table.js";
import { Why } from "./rows/why.js";

const PAGE_ROWS = 50;

/** @param {{state: import("../core/state.js").State}} given `state.rows` holds the question */
export function Rows({ state }) {
  const { api, store, t, lang } = useConsole();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const question = questionIn(state.rows);
  const layer = useLayer(question.layer);
  const [order, setOrder] = useState("");
  const [cursors, setCursors] = useState(/** @type {string[]} */ ([]));
  const [hidden, setHidden] = useState(/** @type {Record<string, boolean>} */ ({}));
  const [opened, setOpened] = useState("");
  const [tries, setTries] = useState(0);
  const [failed, setFailed] = useState(/** @type {Problem | undefined} */ (undefined));
  const close = () => store.set({ rows: "" });
  const closeWhy = () => {
    setOpened("");
    /** @type {HTMLElement | null | undefined} */ (place.current?.querySelector("[aria-expanded='true']"))?.focus();
  };
  useFocus(place, heading, state.rows);
  useEscape(place, () => (opened ? closeWhy() : close()));
  useEffect(() => {
    setCursors([]);
    setOrder("");
    setOpened("");
    setFailed(undefined);
  }, [state.rows]);
  const ordered = order ? { ...question, order: [order] } : question;
  const after = cursors.at(-1) ?? "";
  const counted = useAnswer((signal) => api.post("/questions", { ...question, count: true }, { signal }), [state.rows, tries]);
  const page = useAnswer((signal) => api.post("/questions", { ...ordered, limit: PAGE_ROWS, ...(after && { after }) }, { signal }), [state.rows, order, after, tries]);
  const problem = page.problem ?? counted.problem ?? failed;
  const count = counted.value?.rows[0].count;
  const rows = page.value?.rows ?? [];
  const columns = columnsShown(rows, state.rows, hidden);
  const sort = (/** @type {string} */ column) => {
    setCursors([]);
    setOrder(order === column ? `-${column}` : order === `-${column}` ? "" : column);
  };
  const keep = () => downloadTable(api, ordered, fileName(question.layer, "rows", "csv")).catch((error) => setFailed(error instanceof Problem ? error : new Problem(0, "fault", String(error))));
  const first = cursors.length * PAGE_ROWS;
  const turn = (/** @type {string[]} */ to) => {
    setOpened("");
    setCursors(to);
  };
  return html`<section class="rows" ref=${place} aria-label=${t("rows")} aria-busy=${page.waiting || counted.waiting}>
    <header>
      <h2 ref=${heading} tabindex="-1" data-rows=${counted.waiting ? undefined : count}>${t("rows.title", { count: numberText(count, lang) })}${" "}
        <span class="of">${layer?.title ?? question.layer}</span></h2>
      <div class="view-tools">
        <${ColumnChooser} rows=${rows} layer=${layer} shown=${columns} hidden=${hidden} onChange=${setHidden} />
        <button type="button" onClick=${keep}>CSV</button>
        <button type="button" onClick=${close}>${t("close")}</button>
      </div>
    </header>
    ${problem && html`<${Failure} problem=${problem} t=${t} again=${() => { setFailed(undefined); setTries(tries + 1); }} />`}
    <div class="rows-body">
      <${RowTable} rows=${rows} columns=${columns} layer=${layer} order=${order} opened=${opened} onSort=${sort} onOpen=${setOpened} />
      ${opened && html`<${Why} key=${opened} question=${question} row=${opened} onClose=${closeWhy} />`}
    </div>
    <footer class="actions">
      <button type="button" disabled=${!cursors.length} onClick=${() => turn(cursors.slice(0, -1))}>${t("rows.previous")}</button>
      <button type="button" disabled=${!page.value?.next} onClick=${() => turn([...cursors, page.value?.next ?? ""])}>${t("rows.next")}</button>
      <span role="status">${rows.length ? t("rows.part", { first: numberText(first + 1, lang), last: numberText(first + rows.length, lang) }) : page.waiting ? t("waiting") : t("views.empty")}</span>
    </footer>
  </section>`;
}

/** @param {string} text @returns {import("../core/question.js").Question} */
function questionIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { layer: "" };
  }
}

/**
 * Focus goes to the panel when it opens or shows other rows, and back to what opened it when it closes.
 * @param {{current: HTMLElement | null}} place
 * @param {{current: HTMLElement | null}} heading
 * @param {string} about
 */
function useFocus(place, heading, about) {
  const opener = useRef(/** @type {Element | null} */ (null));
  useEffect(() => {
    const former = document.activeElement;
    if (!place.current?.contains(former)) opener.current = former;
    heading.current?.focus();
  }, [about]);
  useEffect(() => () => {
    const back = /** @type {HTMLElement | null} */ (opener.current);
    if (back?.isConnected) back.focus();
    else document.getElementById("board")?.focus();
  }, []);
}

/**
 * Escape closes the panel, also when nothing has the focus: a button that is used up loses it.
 * @param {{current: HTMLElement | null}} place
 * @param {() => void} close
 */
function useEscape(place, close) {
  const current = useRef(close);
  current.current = close;
  useEffect(() => {
    const press = (/** @type {KeyboardEvent} */ event) => {
      const focused = document.activeElement;
      if (event.key === "Escape" && (!focused || focused === document.body || place.current?.contains(focused))) current.current();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
