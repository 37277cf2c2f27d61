// Requests to the service, and what goes wrong with them in words that a person can use.

/**
 * What a request was refused with, or that nothing answers.
 */
export class Problem extends Error {
  /**
   * @param {number} status 0: nothing answers
   * @param {string} kind such as `unknown-column`, see the reference of errors
   * @param {string} detail what was wrong, in the service's words
   * @param {string} hint what to do
   */
  constructor(status, kind, detail, hint = "") {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.hint = hint;
  }
}

/**
 * @typedef {object} Options
 * @property {Record<string, string | number | undefined>} [params]
 * @property {string} [accept] media type of the answer; default JSON
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Answer as `POST /questions` gives it
 * @property {Record<string, string>} facts how the question was understood
 * @property {string | null} pin
 * @property {string | null} next cursor of the next page
 * @property {Record<string, any>[]} rows
 *
 * @typedef {object} Api
 * @property {(path: string, options?: Options) => Promise<any>} get
 * @property {(path: string, document: unknown, options?: Options) => Promise<any>} post
 * @property {(path: string, options?: Options & {document?: unknown}) => Promise<ArrayBuffer>} bytes what is no JSON
 * @property {(path: string, options: Options & {document: unknown}) => Promise<{body: ArrayBuffer, next: string | null}>} page
 *   what is no JSON, and the cursor of its next page
 * @property {(questions: object[], options?: Options) => Promise<(Answer | Problem)[]>} batch answers in order, at one pin
 * @property {(token: string) => void} signIn show a token with every request; empty: none
 */

const JSON_TYPE = "application/json";
const GEOJSON_TYPE = "application/geo+json";

/**
 * Return what asks a city.
 * @param {import("./transport.js").Transport} transport
 * @returns {Api}
 */
export function createApi(transport) {
  let token = "";

  /**
   * @param {string} method
   * @param {string} path
   * @param {Options & {document?: unknown}} options
   */
  async function send(method, path, { params = {}, accept = JSON_TYPE, signal, document } = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== "") query.append(name, String(value));
    /** @type {Record<string, string>} */
    const headers = { Accept: accept };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (document !== undefined) headers["Content-Type"] = JSON_TYPE;
    const text = query.toString();
    const sent = { method, path: path + (text ? `?${text}` : ""), headers, signal };
    let received;
    try {
      received = await transport(document === undefined ? sent : { ...sent, body: JSON.stringify(document) });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(0, "unreachable", "");
    }
    if (received.status >= 400) throw problemOf(received);
    return received;
  }

  /** @param {import("./transport.js").Received} received */
  const decoded = (received) => JSON.parse(new TextDecoder().decode(received.body));
  return {
    get: async (path, options = {}) => decoded(await send("GET", path, options)),
    post: async (path, document, options = {}) => decoded(await send("POST", path, { ...options, document })),
    bytes: async (path, options = {}) =>
      (await send(options.document === undefined ? "GET" : "POST", path, { accept: "*/*", ...options })).body,
    async page(path, options) {
      const received = await send("POST", path, options);
      return { body: received.body, next: received.header("Next") };
    },
    async batch(questions, options = {}) {
      const { answers } = decoded(await send("POST", "/questions/batch", { ...options, document: { questions } }));
      return answers.map((/** @type {any} */ part) => (part.problem ? problemFrom(part.problem) : part));
    },
    signIn(given) {
      token = given;
    },
  };
}

export { GEOJSON_TYPE };

/** @param {import("./transport.js").Received} received */
function problemOf(received) {
  try {
    const document = JSON.parse(new TextDecoder().decode(received.body));
    return problemFrom({ status: received.status, ...document });
  } catch {
    return new Problem(received.status, "unreadable", "");
  }
}

/** @param {{status?: number, title?: string, detail?: string, hint?: string}} document */
function problemFrom({ status = 500, title = "", detail = "", hint = "" }) {
  return new Problem(status, title, detail, hint);
}
