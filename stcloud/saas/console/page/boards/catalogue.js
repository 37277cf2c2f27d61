// What layers there are: by theme, how fresh and how good; one of them opened beside.
import { anew } from "../components/board/anew.js";
import { Choice, Typed } from "../components/board/controls.js";
import { Instants } from "../components/board/instants.js";
import { LayerDetail } from "../components/catalogue/layerdetail.js";
import { LayerList } from "../components/catalogue/layerlist.js";
import { freshnessOf, useLayers } from "../components/catalogue/layers.js";
import { Failure } from "../components/failure.js";
import { useConsole } from "../core/hooks.js";
import { html, useState } from "../core/html.js";

/** @typedef {import("../components/catalogue/layers.js").LayerDocument} LayerDocument */

/** @param {{state: import("../core/state.js").State}} given */
function CatalogueBoard({ state }) {
  const { t } = useConsole();
  const { layers, problem, waiting } = useLayers();
  const [wish, setWish] = useState({ text: "", theme: "", kind: "", fresh: "" });
  const themes = [...new Set(layers.flatMap((layer) => layer.themes))].sort();
  const kinds = [...new Set(layers.map((layer) => layer.kind))].sort();
  const chosen = layers.filter((layer) => isWished(layer, wish));
  const wished = (/** @type {Partial<typeof wish>} */ part) => setWish({ ...wish, ...part });
  const all = { value: "", text: t("all") };
  return html`<div class=${state.record ? "split" : "split single"} aria-busy=${waiting}>
    <section class="pane" aria-labelledby="catalogue-title">
      <h2 id="catalogue-title">${t("catalogue.title")}</h2>
      <form class="controls" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <${Typed} label=${t("search")} value=${wish.text} hint=${t("catalogue.search.hint")} type="search" onChange=${(/** @type {string} */ text) => wished({ text })} />
        ${themes.length > 0 && html`<${Choice} label=${t("theme")} value=${wish.theme} options=${[all, ...themes.map((theme) => ({ value: theme, text: theme }))]} onChange=${(/** @type {string} */ theme) => wished({ theme })} />`}
        <${Choice} label=${t("layer.kind")} value=${wish.kind} options=${[all, ...kinds.map((kind) => ({ value: kind, text: t(`kind.${kind}`) }))]} onChange=${(/** @type {string} */ kind) => wished({ kind })} />
        <${Choice} label=${t("fresh")} value=${wish.fresh} options=${[all, ...["stale", "current", "unstated"].map((value) => ({ value, text: t(`fresh.${value}`) }))]} onChange=${(/** @type {string} */ fresh) => wished({ fresh })} />
      </form>
      <${Instants} state=${state} />
      ${problem && html`<${Failure} problem=${problem} t=${t} />`}
      ${!waiting && !problem && html`<p role="status" class="note">${layers.length ? t("catalogue.shown", { shown: chosen.length, all: layers.length }) : t("catalogue.none")}</p>`}
      <${LayerList} layers=${chosen} state=${state} />
    </section>
    ${state.record && html`<${LayerDetail} key=${state.record} name=${state.record} state=${state} />`}
  </div>`;
}

/**
 * @param {LayerDocument} layer
 * @param {{text: string, theme: string, kind: string, fresh: string}} wish
 */
function isWished(layer, { text, theme, kind, fresh }) {
  const texts = [layer.name, layer.title, layer.description, layer.owner, ...layer.themes, ...(layer.keywords ?? [])];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = texts.filter(Boolean).join(" ").toLowerCase();
  return words.every((word) => whole.includes(word)) && (!theme || layer.themes.includes(theme)) && (!kind || layer.kind === kind)
    && (!fresh || freshnessOf(layer) === fresh);
}

export const Catalogue = anew(CatalogueBoard);
