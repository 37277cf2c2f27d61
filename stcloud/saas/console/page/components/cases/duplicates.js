// Which other cases may be the same: looked for when it is wished, with the reasons.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { numberText } from "../../core/format.js";
import { html, useEffect, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { Failure } from "../failure.js";

/** @param {{log: string, number: string, found: any, names: import("./logs.js").Names, state: import("../../core/state.js").State}} given */
export function Duplicates({ log, number, names, state }) {
  const { api, store, t, lang } = useConsole();
  const [wished, setWished] = useState(false);
  useEffect(() => setWished(false), [number]);
  const at = `/cases/${encodeURIComponent(log)}/${encodeURIComponent(number)}/duplicates`;
  const answer = useAnswer((signal) => (wished ? api.get(at, { signal }) : undefined), [wished, log, number, state.known]);
  const duplicates = answer.value?.duplicates ?? [];
  const columns = [
    { name: "number", text: t("case") }, { name: "score", text: t("field.score"), number: true }, { name: "state", text: t("case.state") }, { name: "why", text: t("field.why"), wide: true },
  ];
  const rows = duplicates.map((/** @type {any} */ each) => ({
    number: html`<button type="button" class="link" onClick=${() => store.set({ case: each.number })}>${each.number}</button>`,
    score: numberText(each.score, lang), state: names.state(each.state ?? ""), why: Array.isArray(each.why) ? each.why.join(", ") : each.why,
  }));
  return html`<h3>${t("case.duplicates")}</h3>
    ${!wished && html`<button type="button" onClick=${() => setWished(true)}>${t("duplicates.find")}</button>`}
    ${wished && answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${wished && answer.value && !duplicates.length && html`<p class="note" role="status">${t("duplicates.none")}</p>`}
    ${duplicates.length > 0 && html`<${Table} caption=${t("case.duplicates")} hidden=${true} columns=${columns} rows=${rows} />`}`;
}
