// How many rows a question has, beside what was known before, and how it was understood.
import { useConsole } from "../core/hooks.js";
import { html } from "../core/html.js";
import { numberText } from "../core/format.js";
import { Count } from "./count.js";
import { Failure } from "./failure.js";

const FIRST = ["what", "where", "when", "group", "as_of"];

/** Conditions first, then what was known. @param {string} fact */
const rank = (fact) => (FIRST.indexOf(fact) + FIRST.length + 1) % (FIRST.length + 1);

/**
 * How many rows there are, and how the question was understood.
 * @param {{answer: ReturnType<typeof import("../core/total.js").useTotal>}} given
 */
export function Total({ answer }) {
  const { t, lang } = useConsole();
  if (answer.problem) return html`<${Failure} problem=${answer.problem} t=${t} />`;
  const { question = { layer: "" }, other = "", rows = [] } = answer.value ?? {};
  const [row] = rows;
  const facts = Object.entries(answer.value?.facts ?? {}).filter(([name]) => name !== "pin" && name !== "layer").sort(([one], [other]) => rank(one) - rank(other));
  const shortly = facts.map(([, text]) => text.replaceAll(/T(\d\d:\d\d)(?::[\d.]+)?(?:Z|[+-]\d\d:?\d\d)/g, " $1"));
  return html`<div class="total" aria-busy=${answer.waiting}>
    <p class="sum" role="status"><${Count} value=${row?.count ?? null} question=${question} label=${t("rows")} /> ${t("total.rows")}
      ${other && row && html`<span class="difference">${t("difference.was")} <${Count} value=${row.count_other} question=${{ ...question, known_at: other }} label=${t("difference.before")} />${" "}
        ${t("difference.change", { n: `${row.count_change > 0 ? "+" : ""}${numberText(row.count_change, lang)}` })}</span>`}</p>
    <details class="facts"><summary>${t("understood")}: ${shortly.join(" · ")}</summary>
      <dl>${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl></details>
  </div>`;
}
