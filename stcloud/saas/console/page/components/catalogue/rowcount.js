// How many rows a layer has: a number that leads to them, where they may be seen.
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { Count } from "../count.js";

/** @param {{layer: import("./layers.js").LayerDocument, count: import("./layers.js").RowCount | undefined}} given */
export function RowCount({ layer, count }) {
  const { lang } = useConsole();
  if (!count || !layer.may.includes("read")) return html`${numberText(count?.value, lang)}`;
  return html`<${Count} value=${count.value} question=${count.question} label=${layer.title} />`;
}
