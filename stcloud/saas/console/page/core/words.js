// The console's words in English and in Chinese. Each part of the page has a file of its own.
import * as frame from "../words/frame.js";
import * as explore from "../words/explore.js";
import * as panel from "../words/panel.js";
import * as views from "../words/views.js";
import * as boards from "../words/boards.js";

/** @typedef {Record<string, string>} Words */
/** @typedef {(word: string, values?: Record<string, string | number>) => string} Translate */

const PARTS = [frame, explore, panel, views, boards];

/** @type {Record<string, Words>} */
export const LANGUAGES = {
  en: Object.assign({}, ...PARTS.map((part) => part.en)),
  zh: Object.assign({}, ...PARTS.map((part) => part.zh)),
};

/**
 * Return the language of a page: the one that is wished, else the first that the browser prefers, else English.
 * @param {string} wished
 * @param {readonly string[]} preferred
 */
export function languageOf(wished, preferred) {
  const short = [wished, ...preferred].map((name) => name.toLowerCase().split("-")[0]);
  return short.find((name) => name in LANGUAGES) ?? "en";
}

/**
 * Return what gives words in a language; `{name}` in them is replaced by a value.
 * @param {string} lang
 * @returns {Translate}
 */
export function translator(lang) {
  const words = LANGUAGES[lang] ?? LANGUAGES.en;
  return (word, values) =>
    values === undefined ? (words[word] ?? LANGUAGES.en[word] ?? word) : (words[word] ?? LANGUAGES.en[word] ?? word).replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
