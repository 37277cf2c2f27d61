// A case: what it is, its clocks, its course, its links, and what can be done with it.
import { clockText } from "../../core/cityclock.js";
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef } from "../../core/html.js";
import { Failure } from "../failure.js";
import { show } from "../board/shown.js";
import { Act } from "./act.js";
import { Clocks } from "./caseclocks.js";
import { useClasses } from "./classes.js";
import { ClockBadge } from "./clocktext.js";
import { Course } from "./course.js";
import { Duplicates } from "./duplicates.js";
import { instantsOf, isPresent } from "./logs.js";

/**
 * @param {{log: import("./logs.js").Log, names: import("./logs.js").Names, state: import("../../core/state.js").State, role: string}} given
 */
export function CaseDetail({ log, names, state, role }) {
  const { api, city, store, t } = useConsole();
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const instants = instantsOf(state, city);
  const answer = useAnswer((signal) => api.get(`/cases/${encodeURIComponent(log.name)}/${encodeURIComponent(state.case)}`, { params: instants, signal }), [log.name, state.case, instants, state.known]);
  const found = answer.value?.case === state.case ? answer.value : undefined;
  useEffect(() => show(heading.current), [state.case, Boolean(found)]);
  // Before a case has a deadline of its own, that of its stage counts.
  const clocks = /** @type {import("./logs.js").CaseClock[]} */ (found?.clocks ?? []);
  const pressing = clocks.find(({ stage }) => stage === "whole") ?? clocks.find(({ running }) => running) ?? null;
  return html`<article class="pane detail" aria-labelledby="case-title" aria-busy=${answer.waiting}>
    <header>
      <h2 id="case-title" tabindex="-1" ref=${heading}>${t("case")} ${state.case}</h2>
      <button type="button" onClick=${() => store.set({ case: "" })}>${t("close")}</button>
    </header>
    ${answer.problem && html`<${Failure} problem=${answer.problem} t=${t} />`}
    ${found && html`
      <p class="lead"><strong>${names.state(found.state)}</strong> ${t("case.since", { since: clockText(found.since, city.zone) })} <${ClockBadge} clock=${pressing} /></p>
      ${isPresent(state, city)
        ? html`<${Act} key=${state.case} found=${found} log=${log} names=${names} role=${role} state=${state} />`
        : html`<p class="note">${t("case.past", { known: clockText(state.known, city.zone) })}</p>`}
      <${About} found=${found} names=${names} />
      <${Clocks} clocks=${found.clocks} names=${names} />
      <${Course} found=${found} names=${names} />
      <${Photos} media=${found.media ?? []} />
      <${Links} found=${found} />
      <${Duplicates} log=${log.name} number=${state.case} found=${found} state=${state} />`}
  </article>`;
}

/** @param {{found: any, names: import("./logs.js").Names}} given */
function About({ found, names }) {
  const { city, store, t } = useConsole();
  const classes = useClasses(found.values.kind ?? "");
  const { lon, lat, kind, class: code, ...values } = found.values;
  const place = lon === undefined ? "" : `${lon.toFixed(6)},${lat.toFixed(6)}`;
  const hidden = /^(rule_|limit_)/;
  /** @type {[string, any][]} */
  const facts = [
    [t("case.class"), code && `${found.class_name ?? classes.find((each) => each.code === code)?.name ?? ""} ${code}`.trim()], [names.field("kind"), kind && t(`casekind.${kind}`)],
    [t("case.opened"), clockText(found.opened, city.zone)],
    ...Object.entries(values).filter(([name]) => !hidden.test(name)).map(([name, value]) => /** @type {[string, any]} */ ([names.field(name), String(value)])),
    ...Object.entries(found.counts).map(([name, count]) => /** @type {[string, any]} */ ([names.field(name), count])),
    [t("case.flags"), found.flags.map(names.flag).join(", ")],
    [t("case.workflow"), found.workflow],
    [t("case.place"), place && html`<button type="button" class="link" onClick=${() => store.set({ board: "situation", at: place, map: `${place},16`, radius: store.get().radius || "200m" })}>${place}</button>`],
  ];
  return html`<dl class="about-list">${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {{media: any[]}} given */
function Photos({ media }) {
  const { t } = useConsole();
  if (!media.length) return null;
  return html`<h3>${t("case.photos")}</h3><ul class="photos">${media.map((each) => html`<li>${each.href ? html`<a href=${each.href}>${each.use ?? each.key}</a>` : (each.use ?? each.key)}${each.action || each.seq ? ` · ${each.action ?? each.seq}` : ""}</li>`)}</ul>`;
}

/** Cases that this one belongs to, or that belong to it. @param {{found: any}} given */
function Links({ found }) {
  const { store, t } = useConsole();
  const links = [["master", found.master ? [found.master] : []], ["whole", found.whole ? [found.whole] : []], ["parts", found.parts ?? []], ["linked", found.linked ?? []]];
  const shown = links.filter(([, numbers]) => numbers.length);
  if (!shown.length) return null;
  return html`<h3>${t("case.links")}</h3><dl class="about-list">${shown.map(([name, numbers]) => html`<div><dt>${t(`case.${name}`)}</dt><dd>
    ${/** @type {string[]} */ (numbers).map((number) => html`<button type="button" class="link" onClick=${() => store.set({ case: number })}>${number}</button> `)}</dd></div>`)}</dl>`;
}
