// The page starts here: it reads its address, asks what there is of the city, and shows the frame.
import { createApi } from "./core/api.js";
import { httpTransport } from "./core/transport.js";
import { start } from "./start.js";

const base = document.documentElement.dataset.city ?? "";
const place = /** @type {HTMLElement} */ (document.getElementById("console"));
start(place, createApi(httpTransport(base)), { address: window });
