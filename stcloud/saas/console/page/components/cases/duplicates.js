// Which other open cases near may be the same: looked for when it is wished, with the reasons.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { numberText } from "../../core/format.js";
import { html, useEffect, useState } from "../../core/html.js";
import { Table } from "../board/table.js";
import { Failure } from "../failure.js";
import { instantsOf } from "./logs.js";

const NEAR = "100m";

/** @param {{log: string, number: string, found: any, state: import("../../core/state.js").State}} given */
export function Duplicates({ log, number, found, state }) {
  const { api, city, store, t, lang } = useConsole();
  const [wished, setWished] = useState(false);
  useEffect(() => setWished(false), [number]);
  const { lon, lat } = found.values;
  const { known, at } = instantsOf(state, city);
  const asked = { lon, lat, radius: NEAR, logs: [log], ...(known && { known_at: known }), ...(at && { at }) };
  const answer = useAnswer((signal) => (wished && lon !== undefined ? api.post("/situation", asked, { signal }) : undefined), [wished, asked, state.known]);
  const pairs = (answer.value?.decision.repeats.records ?? []).filter((/** @type {any} */ pair) => pair.in === log && [pair.first, pair.second].includes(number));
  const duplicates = pairs.map((/** @type {any} */ pair) => ({ ...pair, number: pair.first === number ? pair.second : pair.first }));
  const columns = [{ name: "number", text: t("case") }, { name: "score", text: t("field.score"), number: true }, { name: "why", text: t("field.why"), wide: true }];
  const rows = duplicates.map((/** @type {any} */ each) => ({
    number: html`<button type="button" class="link" onClick=${() => store.set({ case: each.number })}>${each.number}</button>`,
    score: numberText(each.score, lang), why: Array.isArray(each.why) ? each.why.join(", ") : each.why,
  }));
  if (lon === undefined) return null;
  return html`<h3>${t("case.duplicates")}</h3>
    ${!wished && html`<button type="button" onClick=${() => setWished(true)}>${t("duplicates.find")}</button>`}
    ${wished && answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${wished && answer.value && !duplicates.length && html`<p class="note" role="status">${t("duplicates.none")}</p>`}
    ${duplicates.length > 0 && html`<${Table} caption=${t("case.duplicates")} hidden=${true} columns=${columns} rows=${rows} />`}`;
}
