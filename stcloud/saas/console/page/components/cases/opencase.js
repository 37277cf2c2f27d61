// Open a case: its place on the map or typed, what is reported, and by whom.
import { useConsole } from "../../core/hooks.js";
import { html, useState } from "../../core/html.js";
import { Choice, Said } from "../board/controls.js";
import { PlaceText } from "../situation/placetext.js";
import { ActionForm } from "./actionform.js";

const GIVEN_BY_PLACE = ["lon", "lat", "cell"];
const SEEN = ["kind", "class", "condition"];

/**
 * @param {{log: import("./logs.js").Log, workflow: any, names: import("./logs.js").Names, state: import("../../core/state.js").State, role: string}} given
 */
export function OpenCase({ log, workflow, names, state, role }) {
  const { api, store, t } = useConsole();
  const [said, setSaid] = useState("");
  const [made, setMade] = useState(0);
  const opening = workflow?.opening ?? {};
  const roles = Object.keys(opening);
  const chosen = roles.includes(role) ? role : (roles[0] ?? "");
  const form = opening[chosen]?.[0];
  if (!workflow) return html`<p class="note" role="status" aria-busy="true">${t("starting")}</p>`;
  if (!log.may.includes("act") || !form) return html`<p class="note">${t("open.forbidden")}</p>`;
  const at = state.at ? /** @type {[number, number]} */ (state.at.split(",").map(Number)) : null;
  const done = async (/** @type {any} */ answer) => {
    setSaid(t("open.done", { number: answer.case }));
    setMade(made + 1);
    const { now } = await api.get("/console.json");
    store.set({ case: answer.case, known: now });
  };
  return html`<section aria-labelledby="open-title">
    <h2 id="open-title">${t("open.title")}</h2>
    <p class="note">${t("open.place")}</p>
    <${Said} text=${said} />
    <div class="controls">
      <${PlaceText} state=${state} />
      <${Choice} label=${t("act.as")} value=${chosen} options=${roles.map((name) => ({ value: name, text: names.role(name) }))} onChange=${(/** @type {string} */ name) => store.set({ role: name })} />
    </div>
    <${ActionForm} key=${`${made}/${chosen}`} form=${form} names=${names} log=${log.name} role=${chosen} at=${at} hidden=${GIVEN_BY_PLACE} first=${SEEN}
      onDone=${done} onReload=${() => {}} onLeave=${() => store.set({ view: "" })} />
  </section>`;
}
