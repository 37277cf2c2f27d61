// What waits for a role: its cases, the most pressing first; or cases that are searched for.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { numberText } from "../../core/format.js";
import { html, useState } from "../../core/html.js";
import { Choice, Typed } from "../board/controls.js";
import { Failure } from "../failure.js";
import { CaseList } from "./caselist.js";
import { clockOf, lightOf } from "./clocktext.js";
import { instantsOf, isPresent } from "./logs.js";
import { readCases } from "./readcases.js";

/** @typedef {import("./logs.js").Log} Log */
/** @typedef {import("../../core/state.js").State} State */

/** @param {{log: Log, role: string, names: import("./logs.js").Names, state: State, onCases: (cases: import("./logs.js").CaseEntry[]) => void}} given */
export function Inbox({ log, role, names, state, onCases }) {
  const { api, city, store, t, lang } = useConsole();
  const asked = { role, department: state.department, ...instantsOf(state, city) };
  const answer = useAnswer((signal) => readCases(api, log.name, asked, signal).then((read) => (onCases(read.cases), read)), [log.name, asked, isPresent(state, city) && state.known]);
  const { cases = [], more = false } = answer.value ?? {};
  const overdue = cases.filter((entry) => lightOf(clockOf(entry)) === "red").length;
  const caption = t("inbox.title", { role: names.role(role), count: `${numberText(cases.length, lang)}${more ? "+" : ""}` });
  return html`<section aria-busy=${answer.waiting}>
    <div class="controls">
      <${Choice} label=${t("case.role")} value=${role} options=${log.own_roles.map((name) => ({ value: name, text: names.role(name) }))} onChange=${(/** @type {string} */ chosen) => store.set({ role: chosen })} />
      <${Typed} label=${t("case.department")} value=${state.department} hint=${t("all")} list=${departmentsOf(cases)} onChange=${(/** @type {string} */ department) => store.set({ department })} />
    </div>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${answer.value && html`<h2>${caption}</h2><p class="note" role="status">${cases.length ? t("inbox.overdue", { overdue: numberText(overdue, lang) }) : t("inbox.none")}</p>`}
    ${more && html`<p class="note">${t("inbox.more")}</p>`}
    ${cases.length > 0 && html`<${CaseList} cases=${cases} names=${names} state=${state} caption=${caption} more=${more} />`}
  </section>`;
}

/** @param {{log: Log, workflow: any, names: import("./logs.js").Names, state: State, onCases: (cases: import("./logs.js").CaseEntry[]) => void}} given */
export function FindCases({ log, workflow, names, state, onCases }) {
  const { api, city, store, t, lang } = useConsole();
  const [wish, setWish] = useState({ number: "", state: "", class: "", cell: "", text: "" });
  const wished = (/** @type {Partial<typeof wish>} */ part) => setWish({ ...wish, ...part });
  const present = isPresent(state, city);
  const { text, ...rest } = wish;
  const asked = { ...rest, ...(present ? { text } : {}), department: state.department, ...instantsOf(state, city) };
  const answer = useAnswer((signal) => readCases(api, log.name, asked, signal).then((read) => (onCases(read.cases), read)), [log.name, asked, present && state.known]);
  const { cases = [], more = false } = answer.value ?? {};
  const caption = t("find.title", { count: `${numberText(cases.length, lang)}${more ? "+" : ""}` });
  const states = Object.keys(workflow?.states ?? {}).map((name) => ({ value: name, text: names.state(name) }));
  return html`<section aria-busy=${answer.waiting}>
    <form class="controls" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Typed} label=${t("find.number")} value=${wish.number} hint="20240402" onChange=${(/** @type {string} */ number) => wished({ number })} />
      <${Choice} label=${t("case.state")} value=${wish.state} options=${[{ value: "", text: t("all") }, ...states]} onChange=${(/** @type {string} */ name) => wished({ state: name })} />
      <${Typed} label=${t("case.class.code")} value=${wish.class} onChange=${(/** @type {string} */ code) => wished({ class: code })} />
      <${Typed} label=${t("case.department")} value=${state.department} hint=${t("all")} list=${departmentsOf(cases)} onChange=${(/** @type {string} */ department) => store.set({ department })} />
      <${Typed} label=${t("case.cell")} value=${wish.cell} onChange=${(/** @type {string} */ cell) => wished({ cell })} />
      ${present && html`<${Typed} label=${t("find.text")} value=${text} onChange=${(/** @type {string} */ typed) => wished({ text: typed })} />`}
    </form>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${answer.value && html`<h2 role="status">${caption}</h2>`}
    ${more && html`<p class="note">${t("inbox.more")}</p>`}
    ${cases.length > 0 && html`<${CaseList} cases=${cases} names=${names} state=${state} caption=${caption} more=${more} />`}
  </section>`;
}

/** @param {import("./logs.js").CaseEntry[]} cases */
function departmentsOf(cases) {
  return [...new Set(cases.map((entry) => entry.department ?? "").filter(Boolean))].sort();
}
