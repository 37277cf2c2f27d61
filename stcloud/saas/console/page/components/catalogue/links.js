// Where else a layer can be read: pages without scripts, and addresses for programs.
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";

/** @param {{layer: import("./layers.js").LayerDocument}} given */
export function LayerLinks({ layer }) {
  const { t } = useConsole();
  const base = document.documentElement.dataset.city;
  if (base === undefined) return null; // a notebook has no service beside it
  const at = `${base}/collections/${encodeURIComponent(layer.name)}`;
  const links = [
    [`${at}?f=html`, t("link.page")], [`${at}/items?f=html`, t("link.items")], [`${at}/queryables?f=html`, t("link.queryables")],
    [`${at}/loads?f=html`, t("link.loads")], [`${at}/items?f=csv`, t("link.csv")], [`${at}/items?f=geojson`, t("link.geojson")],
  ];
  return html`<nav class="links" aria-label=${t("links")}><h3>${t("links")}</h3><ul>${links.map(([href, text]) => html`<li><a href=${href}>${text}</a></li>`)}</ul></nav>`;
}
