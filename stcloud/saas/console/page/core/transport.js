// How requests reach the service: over HTTP here; a notebook has a way of its own.

/**
 * @typedef {object} Sent
 * @property {string} method
 * @property {string} path below the city's address, with its query
 * @property {Record<string, string>} headers
 * @property {string} [body]
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Received
 * @property {number} status
 * @property {(name: string) => string | null} header
 * @property {ArrayBuffer} body
 *
 * @typedef {(sent: Sent) => Promise<Received>} Transport
 */

/**
 * Return a transport to a city of a service.
 * @param {string} base address of the city, without a slash at its end
 * @returns {Transport}
 */
export function httpTransport(base) {
  return async ({ method, path, headers, body, signal }) => {
    const answer = await fetch(base + path, { method, headers, body, signal, credentials: "omit", redirect: "error" });
    return { status: answer.status, header: (name) => answer.headers.get(name), body: await answer.arrayBuffer() };
  };
}
