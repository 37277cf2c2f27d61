// Times that come again: days of the week, hours, months, seasons, working days.
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useId, useState } from "../../core/html.js";
import { monthName, MONTHS, weekdayName, WEEKDAYS } from "../../core/naming.js";
import { Fault } from "./section.js";

const SEASONS = ["spring", "summer", "autumn", "winter"];
const HOURS = ["07:00-09:00", "09:00-17:00", "17:00-19:00", "22:00-06:00"];

/** @param {{state: import("../../core/state.js").State, faults: import("./faults.js").Faults}} given */
export function Recurring({ state, faults }) {
  const { city, store, t, lang } = useConsole();
  const set = (/** @type {"weekdays" | "months" | "seasons" | "days" | "hours"} */ field, /** @type {string} */ text) => store.set({ [field]: text });
  const chosen = state.weekdays || state.hours || state.months || state.seasons || state.days;
  return html`<details class="recurring" open=${Boolean(chosen)}>
    <summary>${t("recurring")}</summary>
    <${Toggles} label=${t("recurring.weekdays")} values=${WEEKDAYS} text=${state.weekdays} name=${(/** @type {string} */ day) => weekdayName(WEEKDAYS.indexOf(day) + 1, lang)}
      onChange=${(/** @type {string} */ text) => set("weekdays", text)} />
    <${Fault} problem=${faults("weekdays")} />
    <${Hours} text=${state.hours} onChange=${(/** @type {string} */ text) => set("hours", text)} />
    <${Fault} problem=${faults("hours")} />
    <${Toggles} label=${t("recurring.months")} values=${MONTHS.map((_, at) => String(at + 1))} text=${state.months} name=${(/** @type {string} */ month) => monthName(Number(month), lang)}
      onChange=${(/** @type {string} */ text) => set("months", text)} />
    <${Fault} problem=${faults("months")} />
    <${Toggles} label=${t("recurring.seasons")} values=${SEASONS} text=${state.seasons} name=${(/** @type {string} */ season) => t(`season.${season}`)}
      onChange=${(/** @type {string} */ text) => set("seasons", text)} />
    <${Fault} problem=${faults("seasons")} />
    <fieldset class="toggles"><legend>${t("recurring.days")}</legend>
      ${["working", "free"].map((days) => html`<button type="button" key=${days} disabled=${!city.calendar} aria-pressed=${state.days === days}
        onClick=${() => set("days", state.days === days ? "" : days)}>${t(`days.${days}`)}</button>`)}
      <p class="note">${city.calendar ? t("recurring.calendar", { calendar: city.calendar }) : t("recurring.no-calendar")}</p>
    </fieldset>
    <${Fault} problem=${faults("days")} />
  </details>`;
}

/**
 * Return the values that a text lists, as far as they are those of buttons: `mon-fri` of an address is 1 to 5.
 * @param {string} text
 * @param {readonly string[]} values
 */
function listed(text, values) {
  const at = (/** @type {string} */ part) => Math.max(values.indexOf(part), values.length === 12 ? MONTHS.indexOf(part.toLowerCase()) : -1);
  return text.split(",").flatMap((part) => {
    const [first, last] = part.split("-").map((each) => at(each.trim()));
    if (first < 0) return [];
    if (last === undefined || last < 0) return [values[first]];
    const length = ((last - first + values.length) % values.length) + 1;
    return [...Array(length).keys()].map((step) => values[(first + step) % values.length]);
  });
}

/**
 * @param {{label: string, values: readonly string[], text: string, name: (value: string) => string, onChange: (text: string) => void}} given
 */
function Toggles({ label, values, text, name, onChange }) {
  const chosen = listed(text, values);
  const toggle = (/** @type {string} */ value) => {
    const next = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
    onChange(values.filter((each) => next.includes(each)).join(","));
  };
  return html`<fieldset class="toggles"><legend>${label}</legend>
    ${values.map((value) => html`<button type="button" key=${value} aria-pressed=${chosen.includes(value)} onClick=${() => toggle(value)}>${name(value)}</button>`)}
  </fieldset>`;
}

/** @param {{text: string, onChange: (text: string) => void}} given */
function Hours({ text, onChange }) {
  const { t } = useConsole();
  const id = useId();
  const [given, setGiven] = useState(() => ends(text));
  useEffect(() => setGiven(ends(text)), [text]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const to = given.to === "00:00" ? "24:00" : given.to;
    if (given.from && given.to && given.from !== to) onChange(`${given.from}-${to}`);
  };
  return html`<fieldset class="toggles"><legend>${t("recurring.hours")}</legend>
    ${HOURS.map((hours) => html`<button type="button" key=${hours} aria-pressed=${text === hours} onClick=${() => onChange(text === hours ? "" : hours)}>${hours.replace("-", "–")}</button>`)}
    <form class="hours" onSubmit=${submit}>
      <label for=${`${id}from`}>${t("hours.from")}</label>
      <input id=${`${id}from`} type="time" value=${given.from} onInput=${(/** @type {any} */ event) => setGiven({ ...given, from: event.target.value })} />
      <label for=${`${id}to`}>${t("hours.to")}</label>
      <input id=${`${id}to`} type="time" value=${given.to} onInput=${(/** @type {any} */ event) => setGiven({ ...given, to: event.target.value })} />
      <button type="submit" disabled=${!given.from || !given.to}>${t("when.set")}</button>
      ${text && html`<button type="button" onClick=${() => onChange("")}>${t("hours.all")}</button>`}
    </form>
  </fieldset>`;
}

/** @param {string} text */
function ends(text) {
  const found = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text);
  return { from: found?.[1] ?? "", to: found?.[2] === "24:00" ? "00:00" : (found?.[2] ?? "") };
}
