// A view: its heading, what it shows, the same as a table, and files of both.
import { downloadPicture, downloadTable, fileName, looksAt } from "../../core/exporting.js";
import { clockText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useRef, useState } from "../../core/html.js";
import { Problem } from "../../core/api.js";
import { Failure } from "../failure.js";

/**
 * @typedef {object} Table
 * @property {string} caption
 * @property {string[]} columns
 * @property {any[][]} rows cells as texts or as elements; the first of a row is its heading
 *
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {(on: CanvasRenderingContext2D, looks: import("../../core/exporting.js").Looks) => void} draw
 *
 * @param {{name: string, title: string, question: import("../../core/question.js").Question, answer: import("../../core/api.js").Answer | Problem,
 *   table: () => Table, picture?: (place: Element) => Picture | Promise<Picture>, heading?: string, choice?: any, wide?: boolean, children?: any}} given
 *   `choice`: a control of the view, beside its heading, which then need not name what is chosen
 */
export function View({ name, title, question, answer, table, picture, heading = title, choice, wide = false, children }) {
  const { api, t } = useConsole();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [asTable, setAsTable] = useState(false);
  const [problem, setProblem] = useState(/** @type {Problem | undefined} */ (undefined));
  if (answer instanceof Problem) return html`<article class="view ${name}"><h2>${title}</h2><${Failure} problem=${answer} t=${t} /></article>`;
  const keepTable = () => {
    setProblem(undefined);
    downloadTable(api, question, fileName(question.layer, name, "csv")).catch((error) => setProblem(error instanceof Problem ? error : new Problem(0, "fault", String(error))));
  };
  const keepPicture = async () => {
    if (!picture || !place.current) return;
    const drawn = await picture(place.current);
    const looks = looksAt(place.current);
    const facts = factLines(question, answer);
    downloadPicture({ name: fileName(question.layer, name, "png"), title, facts, looks, width: drawn.width, height: drawn.height, draw: (on) => drawn.draw(on, looks) });
  };
  const labelled = (/** @type {string} */ what) => `${title}: ${what}`;
  return html`<article ref=${place} class=${`view ${name}${wide ? " wide" : ""}`} aria-label=${title}>
    <header>
      <h2>${heading}</h2>
      ${choice}
      <div class="view-tools">
        <button type="button" class="quiet" aria-pressed=${asTable} aria-label=${labelled(t("view.table"))} onClick=${() => setAsTable(!asTable)}>${t("view.table")}</button>
        <button type="button" class="quiet" aria-label=${labelled("CSV")} onClick=${keepTable}>CSV</button>
        ${picture && html`<button type="button" class="quiet" aria-label=${labelled("PNG")} onClick=${keepPicture}>PNG</button>`}
      </div>
    </header>
    ${problem && html`<${Failure} problem=${problem} t=${t} again=${keepTable} />`}
    ${asTable ? html`<${DataTable} table=${table()} />` : children}
  </article>`;
}

/**
 * Return how a question was understood, a line for each part.
 * @param {import("../../core/question.js").Question} question
 * @param {import("../../core/api.js").Answer} answer
 */
function factLines(question, { facts }) {
  const said = { ...(question.what && !facts.what && { what: question.what.join(" AND ") }), ...facts };
  return Object.entries(said).filter(([fact]) => fact !== "units").map(([fact, words]) => `${fact.replaceAll("_", " ")}: ${clockText(words)}`);
}

/** @param {{table: Table}} given */
function DataTable({ table: { caption, columns, rows } }) {
  return html`<div class="scrolled" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <caption>${caption}</caption>
      <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
      <tbody>${rows.map(([heading, ...cells], at) => html`<tr key=${at}><th scope="row">${heading}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
