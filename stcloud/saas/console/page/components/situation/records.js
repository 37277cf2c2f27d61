// Records of a situation, and where each leads: a case to its board, anything else to its rows.

export const GROUPS = /** @type {const} */ (["decision", "management", "basic", "monitoring"]);

/**
 * @param {any} situation
 * @returns {{group: string, part: string, records: any[], more: number, reasons: string[]}[]}
 */
export function partsOf(situation) {
  return GROUPS.flatMap((group) => Object.entries(situation[group]).map(([part, found]) => ({ group, part, ...found })));
}

/**
 * Return what to change in the state to show a record; null: it leads nowhere.
 * @param {any} situation
 * @param {string} part
 * @param {any} record
 * @returns {Partial<import("../../core/state.js").State> | null}
 */
export function wayOf(situation, part, record) {
  if (part === "cases") return { board: "cases", view: "", log: record.log, case: record.number, drill: "" };
  if (part === "readings") return record.layer ? { board: "series", layer: record.layer, station: record.station ?? "", value: record.value_name ?? "" } : null;
  const [layer, key] = part === "place" ? [record.code && record.source !== "its code" ? record.source : "", record.code] : [record.layer, record.key ?? record.id];
  if (!layer || key === undefined || key === null) return null;
  const known = { known_at: situation.known_at, now: situation.known_at };
  const text = String(key).replaceAll("'", "''");
  const question = { layer, what: [`st_key = '${text}'`], ...(part === "events" ? {} : { as_of: situation.at }), ...known };
  return { rows: JSON.stringify(question) };
}

/**
 * @param {import("../../core/store.js").Store} store
 * @param {any} situation
 * @param {string} part
 * @param {any} record
 */
export function showRecord(store, situation, part, record) {
  const way = wayOf(situation, part, record);
  if (way) store.set(way);
}

/**
 * Return the question about what a layer has in the circle of a situation: events of some days, or features as they were.
 * @param {any} situation
 * @param {string} layer
 * @param {number | null} days null: features
 */
export function rowsNear(situation, layer, days) {
  const where = [`near:${situation.lon},${situation.lat}:${situation.radius_m}m`];
  const then = days === null ? { as_of: situation.at, now: situation.known_at } : { when: [`last ${days} days`], now: situation.at };
  return { layer, where, ...then, known_at: situation.known_at };
}
