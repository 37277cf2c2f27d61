// Conditions on a column: what a form holds, and the filter (CQL2) that says it. Filters of other shapes stay text.

/**
 * @typedef {"is" | "not" | "contains" | "begins" | "class" | "equal" | "unequal" | "less" | "most" | "more" | "least" |
 *   "between" | "on" | "from" | "before" | "days" | "true" | "false" | "empty" | "filled" | "lasting"} Operator
 * @typedef {object} Condition
 * @property {string} column
 * @property {Operator} operator
 * @property {string[]} values as they are typed; `days`: the first and the last day; `lasting`: from and below, may be empty
 * @property {boolean} [quoted] whether the values are texts
 * @property {string} [start] `lasting`: the column that is subtracted
 * @property {string} [unit] `lasting`: `days`, `hours`
 * @property {boolean} [dates] whether the column holds days, not instants
 */

/** Operators by the type of a column, in the order in which they are offered. @type {Record<string, Operator[]>} */
export const OPERATORS = {
  text: ["is", "not", "contains", "begins", "empty", "filled"],
  integer: ["equal", "unequal", "least", "most", "more", "less", "between", "empty", "filled"],
  number: ["equal", "unequal", "least", "most", "more", "less", "between", "empty", "filled"],
  boolean: ["true", "false", "empty", "filled"],
  date: ["on", "from", "before", "days", "empty", "filled"],
  instant: ["on", "from", "before", "days", "empty", "filled"],
};

/** How many values an operator takes; -1: any number. @param {Operator} operator */
export function valueCount(operator) {
  if (operator === "is" || operator === "not" || operator === "class") return -1;
  if (operator === "between" || operator === "days" || operator === "lasting") return 2;
  return ["true", "false", "empty", "filled"].includes(operator) ? 0 : 1;
}

const SIGNS = { equal: "=", unequal: "<>", less: "<", most: "<=", more: ">", least: ">=" };
const RESERVED = new Set("and or not in like between is null casei accenti date timestamp interval true false div".split(" "));
const DAY_MS = 86_400_000;

/** @param {string} name */
export const quotedName = (name) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name.toLowerCase()) ? name : `"${name.replaceAll('"', '""')}"`;
/** @param {string} text */
const literal = (text) => `'${text.replaceAll("'", "''")}'`;
/** @param {string} text */
const pattern = (text) => text.replaceAll(/[\\%_]/g, "\\$&");
/** @param {string} day @param {number} days */
const shifted = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/**
 * Return the filter of a condition.
 * @param {Condition} condition
 * @returns {string}
 */
export function filterText(condition) {
  const { operator, values } = condition;
  const name = quotedName(condition.column);
  const [first, second] = values;
  const list = () => values.map((value) => (condition.quoted === false ? value : literal(value))).join(", ");
  switch (operator) {
    case "is": return values.length === 1 ? `${name} = ${list()}` : `${name} IN (${list()})`;
    case "not": return `NOT (${name} IN (${list()}))`;
    case "contains": return `casei(${name}) LIKE casei(${literal(`%${pattern(first)}%`)})`;
    case "begins": return `${name} LIKE ${literal(`${pattern(first)}%`)}`;
    case "class": return classFilter(name, values);
    case "between": return `${name} BETWEEN ${first} AND ${second}`;
    case "on": return condition.dates ? `${name} = DATE('${first}')` : spanFilter(name, first, first);
    case "days": return spanFilter(name, first, second);
    case "from": return `${name} >= DATE('${first}')`;
    case "before": return `${name} < DATE('${first}')`;
    case "true": case "false": return `${name} = ${operator.toUpperCase()}`;
    case "empty": return `${name} IS NULL`;
    case "filled": return `${name} IS NOT NULL`;
    case "lasting": return lastingFilter(condition);
    default: return `${name} ${SIGNS[operator]} ${first}`;
  }
}

/** @param {string} name @param {string} first @param {string} last */
const spanFilter = (name, first, last) => `${name} >= DATE('${first}') AND ${name} < DATE('${shifted(last, 1)}')`;

/** A major class has all codes that begin with its own. @param {string} name @param {string[]} codes */
function classFilter(name, codes) {
  const majors = codes.filter((code) => code.length <= 2);
  const minors = codes.filter((code) => code.length > 2);
  const parts = majors.map((code) => `${name} LIKE ${literal(`${pattern(code)}%`)}`);
  if (minors.length) parts.push(`${name} IN (${minors.map(literal).join(", ")})`);
  return parts.join(" OR ");
}

/** @param {Condition} condition */
function lastingFilter({ column, start = "", unit = "days", values: [from, below] }) {
  const lasted = `${unit}(${quotedName(column)} - ${quotedName(start)})`;
  return [from && `${lasted} >= ${from}`, below && `${lasted} < ${below}`].filter(Boolean).join(" AND ");
}

const NAME = String.raw`("(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*)`;
const TEXT = String.raw`'(?:[^']|'')*'`;
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const DAY = String.raw`DATE\('(\d{4}-\d\d-\d\d)'\)`;
/** @param {string} text */
const whole = (text) => new RegExp(`^${text}$`);
/** @param {string} name */
const bare = (name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
/** @param {string} list */
const texts = (list) => [...list.matchAll(new RegExp(TEXT, "g"))].map(([text]) => text.slice(1, -1).replaceAll("''", "'"));
/** @param {string} text of a pattern */
const plain = (text) => text.replaceAll(/\\(.)/g, "$1");

/** Shapes of filters, and the conditions that they are of. @type {[RegExp, (found: string[]) => Condition][]} */
const SHAPES = [
  [whole(`${NAME} IS NULL`), ([, name]) => ({ column: bare(name), operator: "empty", values: [] })],
  [whole(`${NAME} IS NOT NULL`), ([, name]) => ({ column: bare(name), operator: "filled", values: [] })],
  [whole(`${NAME} = (TRUE|FALSE)`), ([, name, word]) => ({ column: bare(name), operator: word === "TRUE" ? "true" : "false", values: [] })],
  [whole(`${NAME} = (${TEXT})`), ([, name, text]) => ({ column: bare(name), operator: "is", values: texts(text) })],
  [whole(`${NAME} IN \\((${TEXT}(?:, ${TEXT})*)\\)`), ([, name, list]) => ({ column: bare(name), operator: "is", values: texts(list) })],
  [whole(`NOT \\(${NAME} IN \\((${TEXT}(?:, ${TEXT})*)\\)\\)`), ([, name, list]) => ({ column: bare(name), operator: "not", values: texts(list) })],
  [whole(`casei\\(${NAME}\\) LIKE casei\\('%((?:[^'%]|''|\\\\%)*)%'\\)`), ([, name, text]) => ({ column: bare(name), operator: "contains", values: [plain(text.replaceAll("''", "'"))] })],
  [whole(`${NAME} LIKE '((?:[^'%]|''|\\\\%)*)%'`), ([, name, text]) => ({ column: bare(name), operator: "begins", values: [plain(text.replaceAll("''", "'"))] })],
  [whole(`${NAME} (=|<>|<|<=|>|>=) (${NUMBER})`), ([, name, sign, number]) => ({ column: bare(name), operator: operatorOf(sign), values: [number] })],
  [whole(`${NAME} BETWEEN (${NUMBER}) AND (${NUMBER})`), ([, name, low, high]) => ({ column: bare(name), operator: "between", values: [low, high] })],
  [whole(`${NAME} = ${DAY}`), ([, name, day]) => ({ column: bare(name), operator: "on", values: [day], dates: true })],
  [whole(`${NAME} >= ${DAY}`), ([, name, day]) => ({ column: bare(name), operator: "from", values: [day] })],
  [whole(`${NAME} < ${DAY}`), ([, name, day]) => ({ column: bare(name), operator: "before", values: [day] })],
  [whole(`${NAME} >= ${DAY} AND \\1 < ${DAY}`), ([, name, first, after]) => daysOf(bare(name), first, shifted(after, -1))],
  [whole(`(days|hours)\\(${NAME} - ${NAME}\\) >= (${NUMBER})(?: AND \\1\\(\\2 - \\3\\) < (${NUMBER}))?`), ([, unit, end, start, from, below = ""]) => lastingOf(unit, end, start, from, below)],
  [whole(`(days|hours)\\(${NAME} - ${NAME}\\) < (${NUMBER})`), ([, unit, end, start, below]) => lastingOf(unit, end, start, "", below)],
];

/** @param {string} sign @returns {Operator} */
const operatorOf = (sign) => /** @type {Operator} */ (Object.entries(SIGNS).find(([, text]) => text === sign)?.[0]);
/** @param {string} column @param {string} first @param {string} last @returns {Condition} */
const daysOf = (column, first, last) => (first === last ? { column, operator: "on", values: [first] } : { column, operator: "days", values: [first, last] });
/** @param {string} unit @param {string} end @param {string} start @param {string} from @param {string} below @returns {Condition} */
const lastingOf = (unit, end, start, from, below) => ({ column: bare(end), operator: "lasting", values: [from, below], start: bare(start), unit });

/**
 * Return the condition that a filter says, as far as a form can hold it; undefined: it is text.
 * @param {string} filter
 * @returns {Condition | undefined}
 */
export function conditionOf(filter) {
  for (const [shape, read] of SHAPES) {
    const found = shape.exec(filter);
    if (found) return read(found);
  }
  return classCondition(filter);
}

/** @param {string} filter @returns {Condition | undefined} */
function classCondition(filter) {
  /** @type {string[]} */
  const values = [];
  const columns = new Set();
  for (const part of filter.split(" OR ")) {
    const condition = SHAPES.slice(3, 8).reduce((/** @type {Condition | undefined} */ former, [shape, read]) => {
      const found = shape.exec(part);
      return former ?? (found ? read(found) : undefined);
    }, undefined);
    if (!condition || !["is", "begins"].includes(condition.operator)) return undefined;
    columns.add(condition.column);
    values.push(...condition.values);
  }
  return columns.size === 1 && values.every((value) => /^\d+$/.test(value)) ? { column: [...columns][0], operator: "class", values } : undefined;
}
