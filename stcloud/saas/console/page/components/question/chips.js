// All that narrows a question, each with what takes it away again.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { useLayer } from "../../core/documents.js";
import { useFeatureName } from "../../core/features.js";
import { useNaming } from "../../core/naming.js";
import { filterWords, PlaceWords, recurringWords, whenWords } from "./described.js";

const RECURRING = /** @type {const} */ (["weekdays", "hours", "months", "seasons", "days"]);

/** @param {{state: import("../../core/state.js").State}} given */
export function Chips({ state }) {
  const { store, t, lang } = useConsole();
  const naming = useNaming(useLayer(state.layer));
  const without = (/** @type {"what" | "where" | "when"} */ field, /** @type {number} */ at) => store.set({ [field]: state[field].filter((_, each) => each !== at) });
  const chips = [
    ...state.what.map((text, at) => ({ key: `what ${text}`, words: filterWords(text, naming, t), remove: () => without("what", at) })),
    ...state.where.map((text, at) => ({ key: `where ${text}`, words: html`<${PlaceWords} text=${text} />`, remove: () => without("where", at) })),
    ...state.when.map((text, at) => ({ key: `when ${text}`, words: whenWords(text, lang, t), remove: () => without("when", at) })),
    ...RECURRING.filter((field) => state[field]).map((field) => ({
      key: field, words: recurringWords(field, state[field], lang, t), remove: () => store.set({ [field]: "" }),
    })),
    ...groupsOf(state.group).map((parts) => ({
      key: `group ${parts.join()}`,
      words: html`<${GroupWords} parts=${parts} naming=${naming} />`,
      remove: () => store.set({ group: state.group.filter((part) => !parts.includes(part)) }),
    })),
  ];
  if (!chips.length) return html`<p class="chips none">${t("chips.none")}</p>`;
  const clear = () => store.set({ what: [], where: [], when: [], group: [], ...Object.fromEntries(RECURRING.map((field) => [field, ""])) });
  return html`<ul class="chips" aria-label=${t("chips")}>
    ${chips.map(({ key, words, remove }) => html`<li key=${key} class="chip">
      <span>${words}</span>
      <button type="button" aria-label=${t("chips.remove")} title=${t("chips.remove")} onClick=${remove}>×</button>
    </li>`)}
    ${chips.length > 1 && html`<li><button type="button" class="quiet" onClick=${clear}>${t("chips.clear")}</button></li>`}
  </ul>`;
}

/**
 * Return narrowings, those that one click made together: the key and the name of an area.
 * @param {string[]} group
 * @returns {string[][]}
 */
function groupsOf(group) {
  return group.reduce((/** @type {string[][]} */ groups, text) => {
    const area = /^in:([^.=]+)\.[^=]+=/.exec(text);
    const former = groups.at(-1);
    if (area && former?.[0].startsWith(`in:${area[1]}=`)) return [...groups.slice(0, -1), [...former, text]];
    return [...groups, [text]];
  }, []);
}

/** @param {{parts: string[], naming: import("../../core/naming.js").Naming}} given */
function GroupWords({ parts, naming }) {
  const [by, value] = split(parts[0]);
  const layer = /^in:([^.]+)$/.exec(by)?.[1];
  const name = useFeatureName(parts.length === 1 ? layer : undefined, value);
  const shown = parts.length > 1 ? split(parts[1])[1] : layer ? name : value;
  return html`<span>${naming.of(by)}: ${naming.value(by, shown)}</span>`;
}

/** @param {string} text @returns {[string, string]} */
function split(text) {
  const quoted = /^("(?:[^"]|"")+")=(.*)$/s.exec(text);
  if (quoted) return [quoted[1], unquotedValue(quoted[2])];
  const at = text.indexOf("=");
  return [text.slice(0, at), unquotedValue(text.slice(at + 1))];
}

/** @param {string} value */
const unquotedValue = (value) => (/^".*"$/s.test(value) ? value.slice(1, -1).replaceAll('""', '"') : value);
