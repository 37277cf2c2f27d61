// The clocks of a case: of the whole, and of its stages.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { clockText } from "../../core/cityclock.js";
import { Table } from "../board/table.js";
import { ClockBadge, limitText } from "./clocktext.js";

/** @param {{clocks: import("./logs.js").CaseClock[], names: import("./logs.js").Names}} given */
export function Clocks({ clocks, names }) {
  const { city, t, lang } = useConsole();
  if (!clocks.length) return html`<p class="note">${t("case.no-limit")}</p>`;
  const columns = [
    { name: "stage", text: t("clock.stage") }, { name: "clock", text: t("case.clock") }, { name: "limit", text: t("clock.limit") },
    { name: "due", text: t("field.due") }, { name: "elapsed", text: t("clock.elapsed"), number: true },
  ];
  const rows = clocks.map((clock) => ({
    stage: stageText(clock.stage, names, t), clock: html`<${ClockBadge} clock=${clock} />`, limit: limitText(clock.limit, t),
    due: `${clockText(clock.due, city.zone)}${clock.provisional ? ` ${t("clock.provisional")}` : ""}`,
    elapsed: numberText(clock.elapsed, lang, 1),
  }));
  return html`<${Table} caption=${t("case.clocks")} columns=${columns} rows=${rows} />`;
}

/**
 * @param {string} stage
 * @param {import("./logs.js").Names} names
 * @param {import("../../core/words.js").Translate} t
 */
function stageText(stage, names, t) {
  const word = t(`stage.${stage}`);
  return word === `stage.${stage}` ? names.field(stage) : word;
}
