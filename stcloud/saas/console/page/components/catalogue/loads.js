// The loads of a layer: on a line of time, and as a table.
import { clockText } from "../../core/cityclock.js";
import { numberText } from "../../core/format.js";
import { useConsole } from "../../core/hooks.js";
import { html } from "../../core/html.js";
import { Table } from "../board/table.js";

const WIDTH = 600;
const HEIGHT = 46;
const EDGE = 8;
const COUNTS = /** @type {const} */ (["read", "accepted", "updated", "unchanged", "rejected", "unplaced"]);

/** @typedef {import("./layers.js").LoadDocument} LoadDocument */

/** @param {{loads: LoadDocument[]}} given newest first */
export function Loads({ loads }) {
  const { city, t, lang } = useConsole();
  if (!loads.length) return html`<p class="note">${t("loads.none")}</p>`;
  const columns = [
    { name: "recorded", text: t("load.recorded") }, { name: "file", text: t("load.file"), wide: true }, { name: "mode", text: t("load.mode") },
    ...COUNTS.map((name) => ({ name, text: t(`load.${name}`), number: true })),
  ];
  const rows = loads.map((load) => ({
    recorded: clockText(load.recorded, city.zone), file: load.file ?? "–", mode: load.mode,
    ...Object.fromEntries(COUNTS.map((name) => [name, numberText(load[name], lang)])),
  }));
  return html`
    <h3>${t("loads")}</h3>
    ${loads.length > 1 && html`<${Line} loads=${loads} zone=${city.zone} label=${t("loads.line", { count: loads.length })} />`}
    <${Table} caption=${t("loads")} hidden=${true} columns=${columns} rows=${rows} />`;
}

/** @param {{loads: LoadDocument[], zone: string, label: string}} given */
function Line({ loads, zone, label }) {
  const instants = loads.map((load) => Date.parse(load.recorded));
  const first = Math.min(...instants);
  const span = Math.max(...instants) - first || 1;
  const place = (/** @type {number} */ instant) => EDGE + ((instant - first) / span) * (WIDTH - 2 * EDGE);
  return html`<svg class="loadline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label}>
    <line class="axis" x1=${EDGE} x2=${WIDTH - EDGE} y1="18" y2="18" />
    ${loads.map((load, number) => html`<circle class=${load.rejected ? "mark rejected" : "mark"} cx=${place(instants[number])} cy="18" r="5"><title>${clockText(load.recorded, zone)} ${load.file ?? ""}</title></circle>`)}
    <text x=${EDGE} y="40">${clockText(loads[loads.length - 1].recorded, zone)}</text>
    <text x=${WIDTH - EDGE} y="40" text-anchor="end">${clockText(loads[0].recorded, zone)}</text>
  </svg>`;
}
