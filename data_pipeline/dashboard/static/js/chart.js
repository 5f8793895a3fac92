// An ECharts chart in an element: drawn as SVG, resized with it, its points clickable, its time choosable.

import { listen, makeReachable } from "./stretch.js";

const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
let library = null;
const charts = new Map();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const chart = charts.get(target);
    if (!target.isConnected) forget(target);
    else if (chart && target.clientWidth) chart.resize();
  }
});

/** The drawing library; fetched once, beside the first answers. */
export const loadLibrary = () => (library ??= import("../vendor/echarts.js"));

/** The colours of the style sheet as they are now, light or dark. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (token) => style.getPropertyValue(`--${token}`).trim();
  return Object.fromEntries(["ink", "muted", "grid", "faint", "paper", "blue", "sky", "orange", "amber", "green", "pink", "bar", "bar-chosen", "heat-0", "heat-half", "heat-1", "cell-dark", "cell-light", "link"].map((token) => [token, of(token)]));
}

/** Draws `option(colours)` in `host`. `pick(event)` hears clicks on marks, `brush(first, last)` a stretch that was dragged or chosen by keys; `points` are what each point says. */
export async function draw(host, option, { label, pick = null, brush = null, points = [] } = {}) {
  const { init } = await loadLibrary();
  if (!host.isConnected) return null;
  let chart = charts.get(host);
  if (!chart) {
    chart = init(host, null, { renderer: "svg" });
    charts.set(host, chart);
    resized.observe(host);
    if (brush) listen(host, chart);
    chart.on("click", (event) => host.pick?.(event));
  }
  host.pick = pick;
  host.brush = brush;
  host.setAttribute("aria-label", label);
  if (brush) makeReachable(host, points);
  else host.setAttribute("role", "img");
  chart.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option }, { notMerge: true });
  return chart;
}

function forget(host) {
  resized.unobserve(host);
  charts.get(host)?.dispose();
  charts.delete(host);
}

/** Frees the charts whose elements have left the page. */
export function sweep() {
  for (const host of charts.keys()) if (!host.isConnected) forget(host);
}

/** The chart in `host` as an <svg> element, or null. */
export function svgOf(host) {
  const svg = charts.get(host)?.getDom().querySelector("svg");
  return svg ? svg.cloneNode(true) : null;
}
