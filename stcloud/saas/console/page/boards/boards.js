// The boards, in the order in which they are named.
import { Answer } from "./answer.js";
import { Cases } from "./cases.js";
import { Catalogue } from "./catalogue.js";
import { Explore } from "./explore.js";
import { Grid } from "./grid.js";
import { HotSpots } from "./hotspots.js";
import { Series } from "./series.js";
import { Situation } from "./situation.js";

/** @type {readonly {name: string, show: (given: {state: import("../core/state.js").State}) => any}[]} */
export const BOARDS = Object.freeze([
  { name: "explore", show: Explore },
  { name: "grid", show: Grid },
  { name: "hotspots", show: HotSpots },
  { name: "cases", show: Cases },
  { name: "catalogue", show: Catalogue },
  { name: "situation", show: Situation },
  { name: "series", show: Series },
]);

/** What a notebook shows of an answer, which has no city. */
export const ANSWER = Object.freeze({ name: "answer", show: Answer });
