// Names of areas: those of the parts of the unit grid and of the features of a layer.
import { layerOf } from "./asked.js";
import { useDocument } from "./documents.js";
import { useAnswer, useConsole } from "./hooks.js";

const MOST = 5000;

/**
 * Return what names an area: its name where it has one, else its code.
 * @param {string} by
 * @param {import("./state.js").State} state
 * @returns {(code: any) => string}
 */
export function useAreaNames(by, state) {
  const { api, city, t } = useConsole();
  const grids = useDocument(city.grids.length && ["community", "street", "district"].includes(by) ? "/grids" : undefined).value;
  const layer = /^in:([^.]+)$/.exec(by)?.[1];
  const label = layer ? layerOf(city, layer)?.label : undefined;
  const question = { layer, as_of: state.asof || state.known, known_at: state.known, limit: MOST };
  const rows = useAnswer((signal) => (label ? api.post("/questions", question, { signal }) : undefined), [label, question]).value?.rows ?? [];
  const names = new Map(
    label
      ? rows.map((/** @type {any} */ row) => [String(row.st_key), row[label]])
      : (grids?.grids ?? []).flatMap((/** @type {any} */ grid) => grid.areas.filter((/** @type {any} */ area) => area.kind === by).map((/** @type {any} */ area) => [area.code, area.name])),
  );
  return (code) => (code === null || code === undefined || code === "" ? t("areas.none") : by.startsWith("cell:") ? t("areas.cell", { code, size: by.slice(5) }) : names.get(String(code)) || String(code));
}
