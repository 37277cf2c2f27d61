// What a role may do with a case now: a button for each action, and a form of what it has to state.
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useState } from "../../core/html.js";
import { Choice, Said } from "../board/controls.js";
import { ActionForm } from "./actionform.js";
import { titleOf } from "./logs.js";

/** @typedef {import("./logs.js").Form} Form */

/**
 * @param {{found: any, log: import("./logs.js").Log, names: import("./logs.js").Names, role: string, state: import("../../core/state.js").State}} given
 */
export function Act({ found, log, names, role, state }) {
  const { api, store, t, lang } = useConsole();
  const [chosen, setChosen] = useState("");
  const [said, setSaid] = useState("");
  /** @type {Record<string, Form[]>} */
  const legal = found.legal ?? {};
  useEffect(() => setChosen(""), [found.seq, role]);
  if (!log.may.includes("act")) return html`<p class="note">${t("act.forbidden")}</p>`;
  const forms = legal[role] ?? [];
  const others = log.own_roles.filter((name) => name !== role && legal[name]?.length);
  const form = forms.find(({ action }) => action === chosen);
  const done = async (/** @type {{state: string, repeated: boolean}} */ answer, /** @type {Form} */ acted) => {
    setChosen("");
    setSaid(t(answer.repeated ? "act.repeated" : "act.done", { action: titleOf(acted, lang), state: names.state(answer.state) }));
    await reload();
  };
  const reload = async () => store.set({ known: (await api.get("/console.json")).now }, { replace: true });
  return html`<section class="act" aria-labelledby="act-title">
    <h3 id="act-title">${t("act.title")}</h3>
    <${Said} text=${said} />
    <div class="controls">
      <${Choice} label=${t("act.as")} value=${role} options=${log.own_roles.map((name) => ({ value: name, text: names.role(name) }))} onChange=${(/** @type {string} */ name) => store.set({ role: name })} />
    </div>
    ${!forms.length && html`<p class="note">${t("act.nothing", { role: names.role(role) })} ${others.length ? t("act.others", { roles: others.map(names.role).join(", ") }) : ""}</p>`}
    <div class="ways">${forms.map((each) => html`<button type="button" key=${each.action} aria-pressed=${each.action === chosen} aria-expanded=${each.action === chosen} onClick=${() => (setSaid(""), setChosen(each.action === chosen ? "" : each.action))}>${titleOf(each, lang)}</button>`)}</div>
    ${form && html`<${ActionForm} key=${`${form.action}/${found.seq}`} form=${form} names=${names} log=${log.name} role=${role} number=${state.case} expected=${found.seq} kind=${found.values.kind ?? ""}
      onDone=${(/** @type {any} */ answer) => done(answer, form)} onReload=${reload} onLeave=${() => setChosen("")} />`}
  </section>`;
}
