// The console in a cell of a notebook. Its modules come with the widget and become addresses of blobs, each after those
// that it imports; its requests go to the kernel and come back under their numbers.

/** @typedef {{get: (name: string) => any, send: (content: any, callbacks?: any, buffers?: any[]) => void, on: (event: string, listener: any) => void, off: (event: string, listener: any) => void}} Model */

const ADDRESS = /(from ?|\()"(\.{1,2}\/[^"\n]+\.m?js)"/g;

/**
 * Return the addresses of modules by their names.
 * @param {Record<string, string>} modules texts by names
 * @returns {Record<string, string>}
 */
function addressesOf(modules) {
  /** @type {Record<string, string>} */
  const addresses = {};
  const addressOf = (/** @type {string} */ name) => {
    if (!(name in addresses)) {
      // In brackets there are vendored libraries, which are loaded when they are needed, and types in comments.
      const text = name.startsWith("vendor/maplibre") ? modules[name] : modules[name].replaceAll(ADDRESS, (whole, before, path) => {
        const other = new URL(path, `http://modules/${name}`).pathname.slice(1);
        return before === "(" && !other.startsWith("vendor/") ? whole : `${before}"${addressOf(other)}"`;
      });
      addresses[name] = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    }
    return addresses[name];
  };
  for (const name of Object.keys(modules)) addressOf(name);
  return addresses;
}

/**
 * Return a transport to the kernel.
 * @param {Model} model
 * @returns {[import("./core/transport.js").Transport, () => void]} and what ends it
 */
function kernelTransport(model) {
  let last = 0;
  /** @type {Map<number, (received: import("./core/transport.js").Received) => void>} */
  const awaited = new Map();
  const receive = (/** @type {any} */ content, /** @type {DataView[]} */ buffers) => {
    const { buffer, byteOffset, byteLength } = buffers[0];
    const body = /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));
    awaited.get(content.number)?.({ status: content.status, header: (name) => content.headers[name.toLowerCase()] ?? null, body });
    awaited.delete(content.number);
  };
  model.on("msg:custom", receive);
  const transport = (/** @type {import("./core/transport.js").Sent} */ { method, path, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const number = (last += 1);
      awaited.set(number, resolve);
      signal?.addEventListener("abort", () => awaited.delete(number) && reject(signal.reason));
      model.send({ number, method, path, headers }, undefined, body === undefined ? [] : [new TextEncoder().encode(body).buffer]);
    });
  return [/** @type {import("./core/transport.js").Transport} */ (transport), () => model.off("msg:custom", receive)];
}

export default {
  /** @param {{model: Model, el: HTMLElement}} given */
  async render({ model, el }) {
    const addresses = addressesOf(model.get("modules"));
    const [{ createApi }, { start }] = await Promise.all([import(addresses["core/api.js"]), import(addresses["start.js"])]);
    const place = document.createElement("div");
    place.className = "console cell";
    place.style.height = `${model.get("height_px")}px`;
    el.append(place);
    const [transport, leave] = kernelTransport(model);
    const end = start(place, createApi(transport), { state: model.get("state") });
    return () => {
      end();
      leave();
      Object.values(addresses).forEach((address) => URL.revokeObjectURL(address));
    };
  },
};
