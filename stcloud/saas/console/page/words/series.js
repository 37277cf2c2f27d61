/** @type {Record<string, string>} */
export const en = {};

/** @type {Record<string, string>} */
export const zh = {};
