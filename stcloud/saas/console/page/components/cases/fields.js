// The fields of an action by their types, and what is read from them.
import { useConsole } from "../../core/hooks.js";
import { html, useId } from "../../core/html.js";
import { useClasses } from "./classes.js";

/** @typedef {import("./logs.js").FormField} FormField */

const CODE = /^[A-Za-z0-9_.-]{1,60}$/;

/** @param {{fields: FormField[], names: import("./logs.js").Names, kind: string, first?: string[]}} given `first`: what is usually stated, though it need not */
export function Fields({ fields, names, kind, first = [] }) {
  const { t } = useConsole();
  const needed = fields.filter((field) => field.required || first.includes(field.name));
  const optional = fields.filter((field) => !needed.includes(field));
  const drawn = (/** @type {FormField} */ field) => html`<${Field} key=${field.name} field=${field} label=${names.field(field.name, field.title)} kind=${kind} />`;
  return html`<div class="controls">${needed.map(drawn)}</div>
    ${optional.length > 0 && html`<details class="optional" open=${!needed.length}><summary>${t("act.optional")}</summary><div class="controls">${optional.map(drawn)}</div></details>`}`;
}

/** @param {{field: FormField, label: string, kind: string}} given */
function Field({ field, label, kind }) {
  const { t } = useConsole();
  const id = useId();
  const name = `field-${field.name}`;
  const about = field.type === "note" ? t("act.note") : field.type === "cases" ? t("act.cases") : "";
  return html`<div class="control">
    <label for=${id}>${label}${field.required ? html` <span class="needed">${t("act.needed")}</span>` : ""}</label>
    ${inputOf(field, id, name, about ? `${id}-about` : undefined, kind, t)}
    ${about && html`<span class="aside" id=${`${id}-about`}>${about}</span>`}
  </div>`;
}

/**
 * @param {FormField} field
 * @param {string} id
 * @param {string} name
 * @param {string | undefined} described
 * @param {string} kind
 * @param {import("../../core/words.js").Translate} t
 */
function inputOf(field, id, name, described, kind, t) {
  const { type, required, values, least, most } = field;
  const word = (/** @type {string} */ value) => (t(`casevalue.${value}`) === `casevalue.${value}` ? value : t(`casevalue.${value}`));
  if (values.length || type === "boolean") {
    const choices = values.length ? values : ["true", "false"];
    return html`<select id=${id} name=${name} required=${required}><option value=""></option>${choices.map((value) => html`<option value=${value}>${word(value)}</option>`)}</select>`;
  }
  if (field.name === "class") return html`<${ClassInput} id=${id} name=${name} required=${required} kind=${kind} />`;
  if (type === "integer" || type === "number") {
    return html`<input id=${id} name=${name} type="number" step=${type === "integer" ? "1" : "any"} min=${least ?? undefined} max=${most ?? undefined} required=${required} />`;
  }
  if (type === "instant") return html`<input id=${id} name=${name} type="datetime-local" required=${required} />`;
  if (type === "note") return html`<textarea id=${id} name=${name} rows="2" required=${required} aria-describedby=${described}></textarea>`;
  return html`<input id=${id} name=${name} type="text" autocomplete="off" required=${required} aria-describedby=${described} />`;
}

/** A class by its code, with names to choose from. @param {{id: string, name: string, required: boolean, kind: string}} given */
function ClassInput({ id, name, required, kind }) {
  const classes = useClasses(kind);
  return html`<input id=${id} name=${name} type="text" autocomplete="off" required=${required} list=${`${id}-classes`} />
    <datalist id=${`${id}-classes`}>${classes.map((each) => html`<option value=${each.code}>${each.name}</option>`)}</datalist>`;
}

/**
 * Return what a form states: codes and values for the log; sentences of persons apart from it.
 * @param {FormData} data
 * @param {FormField[]} fields
 * @returns {{fields?: Record<string, string | number | boolean>, private?: Record<string, string>}}
 */
export function read(data, fields) {
  /** @type {Record<string, string | number | boolean>} */
  const stated = {};
  /** @type {Record<string, string>} */
  const apart = {};
  for (const { name, type } of fields) {
    const text = String(data.get(`field-${name}`) ?? "").trim();
    if (!text) continue;
    if (type === "note" && !CODE.test(text)) apart[name] = text;
    else stated[name] = valueOf(text, type);
  }
  return { ...(Object.keys(stated).length && { fields: stated }), ...(Object.keys(apart).length && { private: apart }) };
}

/**
 * @param {string} text
 * @param {string} type
 */
function valueOf(text, type) {
  if (type === "number" || type === "integer") return Number(text);
  if (type === "boolean") return text === "true";
  return text;
}

