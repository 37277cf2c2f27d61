// Classes by name: major classes with their minor ones. A major class means all below it.
import { useDocument } from "../../core/documents.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { className } from "../../core/naming.js";
import { useOccurring } from "./valuelist.js";

/**
 * @param {{layer: import("../../core/documents.js").LayerDocument, column: import("../../core/documents.js").Column,
 *   values: string[], onChange: (codes: string[]) => void}} given
 */
export function ClassTree({ layer, column, values, onChange }) {
  const { t, lang } = useConsole();
  const id = useId();
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(false);
  const { value: document, waiting } = useDocument("/classes");
  const occurring = useOccurring(layer, column).value;
  const tree = document?.schemes.find((/** @type {any} */ scheme) => `${scheme.kind}-${scheme.edition}` === column.classes);
  const wanted = search.trim().toLowerCase();
  const shown = branches(tree?.classes ?? [], wanted, all || !occurring?.length ? undefined : new Set([...occurring, ...values]));
  const toggle = (/** @type {string} */ code) => onChange(values.includes(code) ? values.filter((each) => each !== code) : [...values.filter((each) => !each.startsWith(code)), code].toSorted());
  const choice = (/** @type {any} */ entry, /** @type {boolean} */ under) => html`<label>
    <input type="checkbox" checked=${under || values.includes(entry.code)} disabled=${under} onChange=${() => toggle(entry.code)} />
    ${className(entry, lang)} <span class="code">${entry.code}</span></label>`;
  return html`<fieldset class="choices classes" aria-busy=${waiting}>
    <legend>${t("classes.legend", { n: values.length })}</legend>
    <label for=${`${id}search`}>${t("classes.search")}</label>
    <input id=${`${id}search`} type="search" autocomplete="off" value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} />
    <label class="inline"><input type="checkbox" checked=${all} onChange=${() => setAll(!all)} /> ${t("classes.all")}</label>
    <ul class="scrolled" tabindex="0" aria-label=${t("classes.legend", { n: values.length })}>
      ${shown.map(({ major, minors }) => html`<li key=${major.code}>
        ${choice(major, false)}
        <details open=${wanted !== "" || minors.some((/** @type {any} */ minor) => values.includes(minor.code))}>
          <summary>${t("classes.below", { n: minors.length, name: className(major, lang) })}</summary>
          <ul>${minors.map((/** @type {any} */ minor) => html`<li key=${minor.code}>${choice(minor, values.includes(major.code))}</li>`)}</ul>
        </details>
      </li>`)}
      ${!waiting && !shown.length && html`<li class="note">${t("classes.none")}</li>`}
    </ul>
  </fieldset>`;
}

/**
 * Return the major classes with those minor ones that are wanted: by a part of a name or of a code, and as far as they occur.
 * @param {any[]} majors
 * @param {string} wanted
 * @param {Set<string> | undefined} occurring
 * @returns {{major: any, minors: any[]}[]}
 */
function branches(majors, wanted, occurring) {
  const named = (/** @type {any} */ entry) => `${entry.code} ${entry.name} ${entry.name_zh}`.toLowerCase().includes(wanted);
  return majors.flatMap((major) => {
    const here = major.classes.filter((/** @type {any} */ minor) => !occurring || [...occurring].some((code) => code === minor.code));
    const minors = named(major) ? here : here.filter(named);
    return minors.length || (named(major) && (!occurring || occurring.has(major.code))) ? [{ major, minors }] : [];
  });
}
