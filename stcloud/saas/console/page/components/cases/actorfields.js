// Who acts, and of which department: asked for where nobody is signed in.
import { useConsole } from "../../core/hooks.js";
import { html, useId } from "../../core/html.js";
import { valueOf } from "../board/controls.js";
import { actor } from "./actor.js";

const HANDLING = new Set(["department", "handler"]);

/** @param {{session: any, role: string}} given */
export function Actor({ session, role }) {
  const { t } = useConsole();
  const id = useId();
  return html`<div class="controls">
    ${session?.policy
      ? html`<p class="note">${t("act.by", { name: session.principal ?? t("act.nobody") })}</p>`
      : html`<div class="control"><label for=${id}>${t("act.who")}</label><input id=${id} required value=${actor.name} autocomplete="username" onInput=${(/** @type {Event} */ event) => (actor.name = valueOf(event).trim())} /></div>`}
    ${HANDLING.has(role) && html`<div class="control"><label for=${`${id}-department`}>${t("act.department")}</label><input id=${`${id}-department`} value=${actor.department} onInput=${(/** @type {Event} */ event) => (actor.department = valueOf(event).trim())} /></div>`}
  </div>`;
}
