// Choosing a stretch of time on a chart: dragged with a mouse, or by the arrow keys.

import { h } from "./dom.js";

const FEWEST_PIXELS = 6;

/** Hears drags over the chart in `host`, and keys while it has the focus; `host.brush(first, last)` gets the points. */
export function listen(host, chart) {
  const cover = h("div", { class: "brush", hidden: true });
  const show = (from, to) => {
    cover.hidden = false;
    cover.style.left = `${Math.min(from, to)}px`;
    cover.style.width = `${Math.max(2, Math.abs(to - from))}px`;
    if (!cover.isConnected) host.append(cover);
  };
  const hide = () => { cover.hidden = true; };
  listenForDrags(host, chart, show, hide);
  listenForKeys(host, chart, show, hide);
}

function listenForDrags(host, chart, show, hide) {
  let start = null;
  const x = (event) => event.clientX - host.getBoundingClientRect().left;
  const at = (pixel) => chart.convertFromPixel({ xAxisIndex: 0 }, pixel);
  host.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" && event.button === 0 && host.brush) start = x(event);
  });
  addEventListener("pointermove", (event) => {
    if (start === null || !host.isConnected) return;
    if (Math.abs(x(event) - start) < FEWEST_PIXELS) hide();
    else show(start, x(event));
  });
  addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [from, to] = [start, x(event)].sort((a, b) => a - b);
    start = null;
    hide();
    if (host.isConnected && to - from >= FEWEST_PIXELS) host.brush?.(at(from), at(to));
  });
}

/** Left and right go from point to point, with Shift they take the points between; Enter chooses, Escape lets go. */
function listenForKeys(host, chart, show, hide) {
  let [anchor, at] = [null, null];
  const pixel = (point) => chart.convertToPixel({ xAxisIndex: 0 }, point);
  const letGo = () => {
    [anchor, at] = [null, null];
    hide();
    chart.dispatchAction({ type: "hideTip" });
  };
  const move = (to, isLonger) => {
    const last = host.points.length - 1;
    at = Math.max(0, Math.min(last, to));
    if (!isLonger || anchor === null) anchor = at;
    show(pixel(anchor), pixel(at));
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    say(host, at, anchor);
  };
  host.addEventListener("keydown", (event) => {
    if (!host.brush || !host.points.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = host.points.length - 1;
    const steps = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last };
    if (event.key in steps) {
      if (event.shiftKey && at === null) move(steps[event.key], false);
      else move(steps[event.key], event.shiftKey);
    } else if ((event.key === "Enter" || event.key === " ") && at !== null) {
      const [first, end] = [anchor, at].sort((a, b) => a - b);
      letGo();
      host.brush(first, end);
    } else if (event.key === "Escape" && at !== null) letGo();
    else return;
    event.preventDefault();
  });
  host.addEventListener("blur", letGo);
}

/** Makes the chart something that the keyboard moves in; screen readers read each point. */
export function makeReachable(host, points) {
  host.points = points;
  host.tabIndex = 0;
  const last = Math.max(0, points.length - 1);
  const attributes = { role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": last };
  for (const [name, value] of Object.entries(attributes)) host.setAttribute(name, value);
  say(host, last, last);
}

function say(host, at, anchor) {
  const text = anchor === at ? host.points[at] : `From ${host.points[Math.min(anchor, at)]} to ${host.points[Math.max(anchor, at)]}`;
  host.setAttribute("aria-valuenow", at);
  host.setAttribute("aria-valuetext", text ?? "");
}
