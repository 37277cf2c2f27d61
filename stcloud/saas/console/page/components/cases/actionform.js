// The form of an action: what it must and may state. Sent twice it is one action; whoever was faster is heard of.
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { Failure } from "../failure.js";
import { actor } from "./actor.js";
import { Fields, read } from "./fields.js";
import { titleOf } from "./logs.js";
import { Actor } from "./actorfields.js";

/**
 * @param {{form: import("./logs.js").Form, names: import("./logs.js").Names, log: string, role: string, number?: string, expected?: number, kind?: string,
 *   at?: [number, number] | null, hidden?: string[], first?: string[], onDone: (answer: any) => void, onReload: () => void, onLeave: () => void}} given
 *   `number`: the case; without one the action opens one, at `at`; `expected`: number of the last action that is known
 */
export function ActionForm({ form, names, log, role, number, expected, kind = "", at = null, hidden = [], first = [], onDone, onReload, onLeave }) {
  const { api, city, t, lang } = useConsole();
  const place = useRef(/** @type {HTMLFormElement | null} */ (null));
  const id = useRef(newId());
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../core/api.js").Problem | null} */ (null));
  useEffect(() => /** @type {HTMLElement | null} */ (place.current?.querySelector("input, select, button"))?.focus(), []);
  const fields = form.fields.filter(({ name }) => !hidden.includes(name));
  const session = /** @type {any} */ (city).session;
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (sending || !place.current) return;
    setSending(true);
    setProblem(null);
    const stated = read(new FormData(place.current), fields);
    const who = session?.policy ? {} : { actor: actor.name };
    const document = {
      action: form.action, role, id: id.current, ...who, ...(actor.department && { department: actor.department }), ...stated,
      ...(number ? { case: number, expected } : {}), ...(at && { at }),
    };
    try {
      onDone(await api.post(`/cases/${encodeURIComponent(log)}/actions`, document));
    } catch (error) {
      setProblem(/** @type {import("../../core/api.js").Problem} */ (error));
      setSending(false);
    }
  };
  const faster = problem?.status === 409 && problem.kind !== "action-id-reused";
  return html`<form class="action-form" ref=${place} onSubmit=${submit} aria-label=${titleOf(form, lang)} aria-busy=${sending}>
    <${Actor} session=${session} role=${role} />
    <${Fields} fields=${fields} names=${names} kind=${kind} first=${first} />
    ${problem && html`<${Failure} problem=${problem} t=${t} />`}
    ${problem?.status === 0 && html`<p class="note">${t("act.again")}</p>`}
    ${faster && html`<p role="alert">${t("act.faster")} <button type="button" onClick=${onReload}>${t("act.reload")}</button></p>`}
    <div class="ways">
      <button type="submit" disabled=${faster}>${titleOf(form, lang)}${form.target ? ` → ${names.state(form.target)}` : ""}</button>
      <button type="button" onClick=${onLeave}>${t("act.leave")}</button>
    </div>
  </form>`;
}

/** Return an identity that no other action has; also where the page came without encryption. */
function newId() {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return `page-${[...parts].map((part) => part.toString(16).padStart(8, "0")).join("")}`;
}
