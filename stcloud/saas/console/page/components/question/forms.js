// The question as one sees it, copies it, and keeps it.
import { download, fileName } from "../../core/exporting.js";
import { clockText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html, useId, useState } from "../../core/html.js";
import { Failure } from "../failure.js";
import { besideName } from "../views/beside.js";
import { filterWords } from "./described.js";
import { Section } from "./section.js";

const FORMS = /** @type {const} */ (["shell", "python", "url", "toml"]);

/**
 * @param {{question: import("../../core/question.js").Question, naming: import("../../core/naming.js").Naming, measure: string, coming: import("../../core/hooks.js").Coming<any>, again: () => void}} given
 *   `measure`: what is measured, in words; `coming`: the answer of `POST /questions/forms`
 */
export function QuestionForms({ question, naming, measure, coming, again }) {
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
      ${forms && html`<dl class="said-of">${saidOf(question, forms.words, { naming, measure, t }).map(([name, words]) => html`<div key=${name}><dt>${factName(name, t)}</dt><dd>${clockText(words)}</dd></div>`)}</dl>`}
      ${forms && html`<div class="copying">
        <label for=${id}>${t("copy.as")}</label>
        <select id=${id} value=${form} onChange=${(/** @type {any} */ event) => { setForm(event.target.value); setCopied(""); }}>
          ${FORMS.map((name) => html`<option value=${name}>${t(`form.${name}`)}</option>`)}
        </select>
        <pre tabindex="0" aria-label=${t(`form.${form}`)}>${text}</pre>
        <p class="actions">
          <button type="button" onClick=${() => copy(text, t(`form.${form}`))}>${t("copy")}</button>
          <button type="button" onClick=${() => copy(window.location.href, t("copy.page"))}>${t("copy.page.button")}</button>
          <button type="button" onClick=${() => download(fileName(question.layer, "question", "toml"), new Blob([forms.toml], { type: "application/toml" }))}>${t("save.toml")}</button>
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
 * Return how a question is understood: what the service says of it, and before it what rows are of, with names.
 * @param {import("../../core/question.js").Question} question
 * @param {Record<string, string>} words of the service
 * @param {{naming: import("../../core/naming.js").Naming, measure: string, t: import("../../core/words.js").Translate}} given
 * @returns {[string, string][]}
 */
function saidOf(question, words, { naming, measure, t }) {
  const { layer = "", ...others } = words;
  const what = (question.what ?? []).map((/** @type {string} */ filter) => filterWords(filter, naming, t)).join(t("and"));
  /** @type {[string, string][]} */
  const own = [["layer", layer], ["measure", measure], ["what", what], ["compare", question.compare ? besideName(question.compare, t) : ""]];
  return [...own.filter(([, text]) => text), ...Object.entries(others).filter(([name]) => name !== "what")];
}

/** @param {string} name @param {import("../../core/words.js").Translate} t */
function factName(name, t) {
  const word = t(`fact.${name}`);
  return word.startsWith("fact.") ? name.replaceAll("_", " ") : word;
}
