// The map as a table: the areas with the greatest values, each of which leads to its rows.
import { useAnswer, useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";
import { numberText } from "../core/format.js";
import { fieldOf, groupText, ofGroup } from "../core/question.js";
import { Count } from "./count.js";
import { Failure } from "./failure.js";

const SHOWN = 10;

/**
 * @param {{question: import("../core/question.js").Question, by: string, field: string, title: string, name: (code: any) => string, limit?: number, open?: boolean}} given
 *   `question`: that of the map; `field`: that which is shaded
 */
export function AreaTable({ question, by, field, title, name, limit = SHOWN, open = false }) {
  const { api, store, t, lang } = useConsole();
  const [opened, setOpened] = useState(open);
  const [order, setOrder] = useState("");
  const asked = { ...question, order: [order || `-${field}`], limit };
  const { value, problem, waiting } = useAnswer((signal) => (opened ? api.post("/questions", asked, { signal }).then((answer) => ({ ...answer, by, question })) : undefined), [asked, opened]);
  // Rows of a former question lead to its own rows until the new ones are there.
  const code = fieldOf(value?.by ?? by);
  const narrow = (/** @type {any} */ of) => store.set({ group: [...store.get().group, groupText(by, of)] });
  const sorted = (/** @type {string} */ of, /** @type {string} */ text, /** @type {string} */ kind) => {
    const way = asked.order[0] === of ? "ascending" : asked.order[0] === `-${of}` ? "descending" : "none";
    return html`<th scope="col" class=${kind} aria-sort=${way}><button type="button" class="sorter" onClick=${() => setOrder(way === "descending" ? of : `-${of}`)}>${text}<span aria-hidden="true">${{ ascending: " ▴", descending: " ▾", none: "" }[way]}</span></button></th>`;
  };
  return html`<details class="area-table" open=${open} onToggle=${(/** @type {Event} */ event) => setOpened(/** @type {HTMLDetailsElement} */ (event.target).open)}>
    <summary>${t("areas.table")}</summary>
    ${problem && html`<${Failure} problem=${problem} t=${t} />`}
    <div class="scrolled" tabindex="0" role="region" aria-label=${title} aria-busy=${waiting}><table>
      <caption>${t("areas.top", { n: value?.rows.length ?? 0, title })}</caption>
      <thead><tr>${sorted(code, t("areas.area"), "")}${field !== "count" && sorted(field, title, "number")}${sorted("count", t("measure.count"), "number")}<th scope="col"><span class="seen-not">${t("areas.narrow")}</span></th></tr></thead>
      <tbody>${(value?.rows ?? []).map((/** @type {any} */ row) => html`<tr key=${row[code]}>
        <th scope="row">${name(row[code])}</th>
        ${field !== "count" && html`<td class="number">${numberText(row[field], lang)}</td>`}
        <td class="number"><${Count} value=${row.count} question=${ofGroup(value.question, { [value.by]: row[code] })} label=${name(row[code])} /></td>
        <td><button type="button" class="small" aria-label=${t("areas.narrow-to", { area: name(row[code]) })} onClick=${() => narrow(row[code])}>${t("areas.narrow")}</button></td>
      </tr>`)}</tbody>
    </table></div>
  </details>`;
}

/**
 * What is shown of an area that was clicked on the map.
 * @param {{question: import("../core/question.js").Question, by: string, field: string, title: string, name: (code: any) => string, properties: Record<string, any>, close: () => void, other?: string}} given
 *   `other`: an instant of recorded time that is compared with
 */
export function AreaCard({ question, by, field, title, name, properties, close, other = "" }) {
  const { store, t, lang } = useConsole();
  const code = properties[fieldOf(by)] ?? null;
  const rows = ofGroup(question, { [by]: code });
  const narrow = () => {
    store.set({ group: [...store.get().group, groupText(by, code)] });
    close();
  };
  return html`<h2>${name(code)}</h2>
    ${by !== "unit" && name(code) !== String(code) && !by.startsWith("cell:") && html`<p class="code">${code}</p>`}
    <dl>
      <dt>${t("measure.count")}</dt><dd><${Count} value=${properties.count ?? 0} question=${rows} label=${name(code)} /></dd>
      ${other && html`<dt>${t("difference.before")}</dt><dd><${Count} value=${properties.count_other ?? 0} question=${{ ...rows, known_at: other }} label=${t("difference.before")} /></dd>`}
      ${field !== "count" && html`<dt>${title}</dt><dd>${numberText(properties[field], lang)}</dd>`}
    </dl>
    <button type="button" onClick=${narrow}>${t("areas.narrow-here")}</button>`;
}
