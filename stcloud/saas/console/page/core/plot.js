// A chart of uPlot in an element: it follows the element's width, and is made anew when its shape is another.
import { chartLibrary } from "./chartlibrary.js";
import { useEffect, useRef } from "./html.js";

/**
 * Draw a chart.
 * @param {object} given
 * @param {(library: any, element: HTMLElement) => any} given.options of uPlot; of its size the height alone counts
 * @param {any} given.data as uPlot takes it
 * @param {string} given.shape what the options depend on
 * @param {number} given.least width, in pixels
 * @returns {{place: {current: HTMLDivElement | null}, plot: {current: any}}} where it is drawn, and the chart
 */
export function usePlot({ options, data, shape, least }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const newest = useRef({ options, data });
  newest.current = { options, data };
  useEffect(() => {
    let gone = false;
    /** @type {ResizeObserver | undefined} */
    let following;
    chartLibrary().then((library) => {
      const element = place.current;
      if (gone || !element) return;
      const wide = () => Math.max(element.clientWidth, least);
      const made = newest.current.options(library, element);
      plot.current = new library({ ...made, width: wide() }, newest.current.data, element);
      following = new ResizeObserver(() => plot.current?.setSize({ width: wide(), height: made.height }));
      following.observe(element);
    });
    return () => {
      gone = true;
      following?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [JSON.stringify(data)]);
  return { place, plot };
}
