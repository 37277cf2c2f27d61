// The groups with the most rows: of a column, or of areas.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { useNarrowing } from "../../core/narrowing.js";
import { fieldOf, ofGroup } from "../../core/question.js";
import { BarList, barPicture, barTable } from "./barlist.js";
import { Count } from "../count.js";
import { besideIn, besideName, besideOf, changeText } from "./beside.js";
import { View } from "./view.js";

/**
 * @param {{name: "top" | "areas", plan: import("./plan.js").Plan, by: string[], answer: import("../../core/api.js").Answer, title: string, choice?: any,
 *   naming: import("../../core/naming.js").Naming, measure: string, most: number, onMore?: () => void}} given
 *   `by`: what groups; the last of it names them. `onMore`: asks for a longer list
 */
export function GroupList({ name, plan, by, answer, title, choice, naming, measure, most, onMore }) {
  const { t, lang } = useConsole();
  const narrowing = useNarrowing();
  const { base, field, compare } = plan;
  const rows = answer.rows ?? [];
  const compared = rows.some((row) => besideIn(row, field) !== undefined);
  const further = [...(field === "value" ? [measure] : []), ...(compared ? [besideName(compare, t), t("change")] : [])];
  const bars = rows.map((row) => {
    const group = Object.fromEntries(by.map((part) => [part, row[fieldOf(part)]]));
    const last = /** @type {string} */ (by.at(-1));
    const beside = compared && field === "count" && besideIn(row, field) !== null ? besideOf(base, compare) : undefined;
    const before = besideIn(row, field);
    const besideText = beside ? html`<${Count} value=${before} question=${ofGroup(beside, group)} label=${besideName(compare, t)} />` : numberText(before, lang);
    const outside = group[by[0]] === null && by[0].startsWith("in:");
    return {
      key: JSON.stringify(group), name: outside ? t("outside") : naming.value(last, group[last]), count: row.count, question: ofGroup(base, group),
      more: [...(field === "value" ? [numberText(row.value, lang)] : []), ...(compared ? [besideText, changeText(row, field, lang)] : [])],
      onChoose: (/** @type {any} */ event) => narrowing.to(event, base, group),
    };
  });
  const question = plan.questions[name];
  return html`<${View} name=${name} title=${title} question=${question} answer=${answer} heading=${choice ? t(`${name}.heading`) : title} choice=${choice}
    table=${() => barTable({ caption: title, heading: naming.of(by[0]), count: t("count"), bars, more: further })} picture=${() => barPicture(bars, lang)}>
    <${BarList} label=${title} bars=${bars} more=${further} />
    ${onMore && bars.length >= most && html`<button type="button" class="quiet" onClick=${onMore}>${t("list.more")}</button>`}
  <//>`;
}
