// The versions of a feature: what was so when.
import { useAnswer, useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { instantText, localText } from "../../core/format.js";
import { Failure } from "../failure.js";

/** @param {{layer: string, row: string, known: string | undefined}} given */
export function FeatureVersions({ layer, row, known }) {
  const { api, city, t } = useConsole();
  const path = `/collections/${encodeURIComponent(layer)}/items`;
  const params = { filter: `key = '${row.replaceAll("'", "''")}'`, datetime: "1000-01-01T00:00:00Z/..", skipGeometry: "true", limit: 100, known };
  const coming = useAnswer((signal) => api.get(path, { params, signal }), [path, params]);
  const local = (/** @type {string} */ at) => (at === ".." ? "…" : instantText(localText(Date.parse(at), city.zone)));
  const versions = coming.value?.features ?? [];
  const changed = (/** @type {number} */ at) => Object.entries(versions[at].properties).filter(([name, value]) => at === 0 || JSON.stringify(versions[at - 1].properties[name]) !== JSON.stringify(value));
  return html`<section aria-busy=${coming.waiting}>
    <h4>${t("versions")}</h4>
    ${coming.problem && html`<${Failure} problem=${coming.problem} t=${t} />`}
    <ol class="versions">${versions.map((/** @type {any} */ version, /** @type {number} */ at) => html`<li key=${at}>
      <strong>${(version.time?.interval ?? ["..", ".."]).map(local).join(" – ")}</strong>
      <dl class="said-of">${changed(at).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value === null ? "–" : String(value)}</dd></div>`)}
        ${changed(at).length === 0 && html`<div><dd>${t("versions.shape")}</dd></div>`}</dl>
    </li>`)}</ol>
  </section>`;
}
