// The question as one sees it, copies it, and keeps it.
import { download, fileName } from "../../core/exporting.js";
import { clockText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { Failure } from "../failure.js";
import { Section } from "./section.js";

const FORMS = /** @type {const} */ (["shell", "python", "url", "toml"]);

/**
 * @param {{layer: string, coming: import("../../core/hooks.js").Coming<any>, again: () => void}} given
 *   `coming`: the answer of `POST /questions/forms`
 */
export function QuestionForms({ layer, coming, again }) {
  const { t } = useConsole();
  const id = useId();
  const [form, setForm] = useState(/** @type {(typeof FORMS)[number]} */ ("shell"));
  const [copied, setCopied] = useState("");
  const forms = coming.value;
  const text = String(forms?.[form] ?? "");
  const copy = async (/** @type {string} */ what, /** @type {string} */ name) => setCopied((await putOnClipboard(what)) ? t("copied", { name }) : t("copy.failed"));
  return html`<${Section} name="question">
    ${coming.problem && html`<${Failure} problem=${coming.problem} t=${t} again=${again} />`}
    <div aria-busy=${coming.waiting}>
      ${forms && html`<dl class="facts">${wordsOf(forms.words).map(([name, words]) => html`<div key=${name}><dt>${factName(name, t)}</dt><dd>${clockText(words)}</dd></div>`)}</dl>`}
      ${forms && html`<div class="copying">
        <label for=${id}>${t("copy.as")}</label>
        <select id=${id} value=${form} onChange=${(/** @type {any} */ event) => { setForm(event.target.value); setCopied(""); }}>
          ${FORMS.map((name) => html`<option value=${name}>${t(`form.${name}`)}</option>`)}
        </select>
        <pre tabindex="0" aria-label=${t(`form.${form}`)}>${text}</pre>
        <p class="actions">
          <button type="button" onClick=${() => copy(text, t(`form.${form}`))}>${t("copy")}</button>
          <button type="button" onClick=${() => copy(window.location.href, t("copy.page"))}>${t("copy.page.button")}</button>
          <button type="button" onClick=${() => download(fileName(layer, "question", "toml"), new Blob([forms.toml], { type: "application/toml" }))}>${t("save.toml")}</button>
        </p>
        <p class="note" role="status">${copied}</p>
      </div>`}
    </div>
  <//>`;
}

/** @param {string} text */
async function putOnClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Return lines of words with what each is about.
 * @param {any} words
 * @returns {[string, string][]}
 */
function wordsOf(words) {
  if (typeof words === "string") return words.split("\n").filter(Boolean).map((line) => /** @type {[string, string]} */ (["", line]));
  if (Array.isArray(words)) return words.map((line) => ["", String(line)]);
  return Object.entries(words ?? {}).map(([name, line]) => [name, String(line)]);
}

/** @param {string} name @param {import("../../core/words.js").Translate} t */
function factName(name, t) {
  const word = t(`fact.${name}`);
  return word.startsWith("fact.") ? name.replaceAll("_", " ") : word;
}
