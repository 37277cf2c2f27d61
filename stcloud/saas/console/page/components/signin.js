// Sign in with a token: it is kept in memory, and gone with the page.
import { useConsole } from "../core/hooks.js";
import { html, useId } from "../core/html.js";

/** @param {{signIn: (token: string) => void, close: () => void}} given */
export function SignIn({ signIn, close }) {
  const { t } = useConsole();
  const id = useId();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    signIn(String(new FormData(form).get("token") ?? "").trim());
    close();
  };
  return html`<form class="sign-in" onSubmit=${submit}>
    <label for=${id}>${t("token")}</label>
    <input id=${id} name="token" type="password" autocomplete="off" spellcheck=${false} />
    <button type="submit">${t("sign-in")}</button>
  </form>`;
}
