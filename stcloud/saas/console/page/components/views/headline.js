// How many, and by how much that changed.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { numberText } from "../../core/format.js";
import { Count } from "../count.js";
import { besideIn, besideName, besideOf, changeText } from "./beside.js";

/** @param {{plan: import("./plan.js").Plan, answer: import("../../core/api.js").Answer, title: string, measure: string}} given */
export function Headline({ plan, answer, title, measure }) {
  const { t, lang } = useConsole();
  const row = answer.rows[0] ?? {};
  const { compare, base } = plan;
  const before = besideIn(row, "count");
  const beside = compare ? besideOf(base, compare) : undefined;
  return html`<div class="headline">
    <p class="many"><${Count} value=${row.count ?? null} question=${base} label=${title} /> <span>${title}</span></p>
    ${before !== undefined && html`<p class="beside">${changeText(row, "count", lang)} · ${besideName(compare, t)}${" "}
      ${beside && before !== null ? html`<${Count} value=${before} question=${beside} label=${besideName(compare, t)} />` : numberText(before, lang)}</p>`}
    ${plan.field === "value" && html`<p class="measured"><strong>${numberText(row.value, lang)}</strong> ${measure}
      ${besideIn(row, "value") !== undefined && html` · ${changeText(row, "value", lang)} · ${besideName(compare, t)} ${numberText(besideIn(row, "value"), lang)}`}</p>`}
    ${row.count === 0 && html`<p class="note">${t("views.empty")}</p>`}
  </div>`;
}
