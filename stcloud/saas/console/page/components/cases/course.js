// The course of a case: each action, who did it, when it happened, when it became known, and why.
import { clockText } from "../../core/cityclock.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

const LATE_MS = 60_000; // what was recorded within a minute was known when it happened, for a reader

/** @param {{found: any, names: import("./logs.js").Names}} given */
export function Course({ found, names }) {
  const { city, t } = useConsole();
  const entered = Object.fromEntries(found.stays.map((/** @type {any} */ stay) => [stay.from.slice(0, 19), stay.state]));
  return html`<h3>${t("case.course")}</h3>
    <ol class="course">${found.actions.map((/** @type {any} */ action) => html`<li key=${action.seq}>
      <p><strong>${names.action(action.action)}</strong>${entered[action.happened.slice(0, 19)] ? html` → ${names.state(entered[action.happened.slice(0, 19)])}` : ""}</p>
      <p class="aside">${clockText(action.happened, city.zone)} · ${action.by}, ${names.role(action.role)}${isLate(action) ? ` · ${t("action.recorded", { recorded: clockText(action.recorded, city.zone) })}` : ""}</p>
      ${action.stated && html`<p class="aside">${statedText(action.stated, names, t)}</p>`}
    </li>`)}</ol>`;
}

/** @param {{happened: string, recorded: string}} action */
function isLate({ happened, recorded }) {
  return Date.parse(recorded) - Date.parse(happened) > LATE_MS;
}

/**
 * Return what an action states, with the names that people read; where it was is on the map.
 * @param {string} stated `class=01037, kind=component`
 * @param {import("./logs.js").Names} names
 * @param {import("../../core/words.js").Translate} t
 */
function statedText(stated, names, t) {
  const parts = stated.split(/, (?=[a-z_]+=)/).map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]);
  return parts.filter(([name]) => !["lon", "lat", "cell"].includes(name))
    .map(([name, value]) => `${names.field(name)}: ${value.startsWith("private:") ? t("action.private") : value}`).join(" · ");
}
