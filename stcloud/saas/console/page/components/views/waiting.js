// That an answer is awaited, and for how long already.
import { useConsole } from "../../core/hooks.js";
import { html, useEffect, useState } from "../../core/html.js";

const SOON_MS = 400;

/** @param {{waiting: boolean}} given */
export function Waiting({ waiting }) {
  const { t } = useConsole();
  const [seconds, setSeconds] = useState(-1);
  useEffect(() => {
    if (!waiting) {
      setSeconds(-1);
      return () => {};
    }
    const begun = Date.now();
    const tell = () => setSeconds(Math.floor((Date.now() - begun) / 1000));
    const first = setTimeout(tell, SOON_MS);
    const timer = setInterval(tell, 1000);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [waiting]);
  const shown = waiting && seconds >= 0;
  return html`<div class="waiting" role="status">${shown && html`<progress aria-label=${t("waiting")}></progress>
    <span>${seconds < 3 ? t("waiting") : t("waiting.long", { n: seconds })}</span>`}</div>`;
}
