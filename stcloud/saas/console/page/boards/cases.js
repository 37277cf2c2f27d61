// Cases: what waits for a role, a search, a new one, how they are evaluated; a case opened beside.
import { anew } from "../components/board/anew.js";
import { Choice, Parts } from "../components/board/controls.js";
import { Instants } from "../components/board/instants.js";
import { CaseDetail } from "../components/cases/casedetail.js";
import { CaseMap } from "../components/cases/casemap.js";
import { FindCases, Inbox } from "../components/cases/inbox.js";
import { useLogs, useNames, useWorkflow } from "../components/cases/logs.js";
import { OpenCase } from "../components/cases/opencase.js";
import { Evaluation } from "../components/cases/evaluation.js";
import { Failure } from "../components/failure.js";
import { useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";

const VIEWS = /** @type {const} */ (["", "find", "open", "evaluation"]);

/** @typedef {import("../components/cases/logs.js").CaseEntry} CaseEntry */

/** @param {{state: import("../core/state.js").State}} given */
function CasesBoard({ state }) {
  const { store, t } = useConsole();
  const answer = useLogs();
  /** @type {import("../components/cases/logs.js").Log[]} */
  const logs = answer.value?.logs ?? [];
  const log = logs.find(({ name }) => name === state.log) ?? logs[0];
  const workflow = useWorkflow(log?.name ?? "").value;
  const names = useNames(workflow);
  const [cases, setCases] = useState(/** @type {CaseEntry[]} */ ([]));
  if (answer.problem) return html`<${Failure} problem=${answer.problem} t=${t} />`;
  if (!answer.value) return html`<p role="status" class="note" aria-busy="true">${t("starting")}</p>`;
  if (!log) return html`<p class="empty">${t("cases.none")}</p>`;
  const role = log.own_roles.includes(state.role) ? state.role : (log.own_roles.includes("operator") ? "operator" : (log.own_roles[0] ?? ""));
  const view = VIEWS.includes(/** @type {any} */ (state.view)) ? state.view : "";
  const given = { log, workflow, names, state, role };
  const turn = (/** @type {string} */ next) => store.set({ view: next, case: "", drill: "" });
  return html`
    <div class="bar">
      <${Parts} label=${t("board.cases")} parts=${VIEWS.map((value) => ({ value, text: t(`cases.${value || "inbox"}`) }))} value=${view} onChange=${turn} />
      ${logs.length > 1 && html`<${Choice} label=${t("log")} value=${log.name} options=${logs.map((each) => ({ value: each.name, text: each.title }))} onChange=${(/** @type {string} */ name) => store.set({ log: name, case: "", drill: "" })} />`}
      <${Instants} state=${state} />
    </div>
    ${view === "evaluation"
      ? html`<${Evaluation} key=${log.name} ...${given} />`
      : html`<div class="split cases">
          <div class="pane">
            ${view === "" && (role ? html`<${Inbox} ...${given} onCases=${setCases} />` : html`<p class="empty">${t("cases.no-role")}</p>`)}
            ${view === "find" && html`<${FindCases} ...${given} onCases=${setCases} />`}
            ${view === "open" && html`<${OpenCase} ...${given} />`}
          </div>
          <div class="pane fixed">
            <${Beside} given=${given} cases=${view === "open" ? [] : cases} view=${view} />
          </div>
        </div>`}`;
}

/** The opened case, or the map. @param {{given: any, cases: CaseEntry[], view: string}} given */
function Beside({ given, cases, view }) {
  const { store } = useConsole();
  const { state } = given;
  const choose = (/** @type {{lng: number, lat: number}} */ { lng, lat }) => store.set({ at: `${lng.toFixed(6)},${lat.toFixed(6)}` }, { replace: true });
  const opened = cases.find(({ number }) => number === state.case);
  const typed = view === "open" && state.at ? /** @type {[number, number]} */ (state.at.split(",").map(Number)) : null;
  const place = opened && opened.lon !== null && opened.lat !== null ? /** @type {[number, number]} */ ([opened.lon, opened.lat]) : typed;
  return html`
    <div class=${state.case ? "lowmap" : ""}><${CaseMap} cases=${cases} state=${state} place=${place} onPlace=${view === "open" ? choose : undefined} /></div>
    ${state.case && html`<${CaseDetail} key=${state.case} ...${given} />`}`;
}

export const Cases = anew(CasesBoard);
