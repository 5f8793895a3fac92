// ECharts options in the house style. Nothing here is HTML: tooltips are elements filled with text.

import { h } from "./dom.js";
import * as format from "./format.js";

/** A tooltip: a heading, lines of label and value, and a note in grey. */
export function tip(heading, lines, note = "") {
  return h("div", { class: "tip" },
    h("b", {}, h("bdi", {}, heading)),
    lines.map(([label, value]) => h("div", {}, h("span", {}, h("bdi", {}, label)), h("span", {}, value))),
    note && h("i", {}, note));
}

export function tooltip(colours, formatter, extra = {}) {
  return {
    backgroundColor: colours.paper, borderColor: colours.faint, borderWidth: 1, padding: [7, 10], confine: true,
    transitionDuration: 0, textStyle: { color: colours.ink }, formatter, ...extra,
  };
}

export const grid = (extra = {}) => ({ left: 2, right: 10, top: 14, bottom: 5, outerBoundsMode: "same", outerBoundsContain: "axisLabel", ...extra });

export function valueAxis(colours, kind, extra = {}) {
  return {
    type: "value", splitNumber: 4, axisLine: { show: false }, axisTick: { show: false },
    minInterval: kind === "count" ? 1 : 0,
    splitLine: { lineStyle: { color: colours.grid } },
    axisLabel: { color: colours.muted, fontSize: 11.5, hideOverlap: true, formatter: (value) => format.tick(value, kind) },
    ...extra,
  };
}

export function categoryAxis(colours, data, extra = {}) {
  return {
    type: "category", data, axisLine: { lineStyle: { color: colours.faint } }, axisTick: { show: false },
    ...extra,
    axisLabel: { color: colours.muted, fontSize: 11.5, hideOverlap: true, ...extra.axisLabel },
  };
}

/** An axis of periods whose labels stand where months or years begin, when there are many. */
export function timeAxis(colours, days, grain, extra = {}) {
  const shown = labels(days, grain);
  return categoryAxis(colours, days, {
    boundaryGap: false,
    axisTick: { show: true, length: 3, alignWithLabel: true, lineStyle: { color: colours.faint }, interval: (index) => shown.has(index) },
    ...extra,
    axisLabel: { interval: (index) => shown.has(index), formatter: (value, index) => shown.get(index) ?? "", alignMinLabel: extra.boundaryGap ? undefined : "left", alignMaxLabel: extra.boundaryGap ? undefined : "right" },
  });
}

/** How many labels of periods there is room for. */
const room = (most) => Math.max(3, Math.min(most, Math.floor(document.documentElement.clientWidth / 80)));

/** Which periods get a label, and which: never more than about ten. */
function labels(days, grain) {
  const years = new Set(days.map((day) => day.slice(0, 4))).size;
  const months = new Set(days.map((day) => day.slice(0, 7))).size;
  const found = new Map();
  const every = (count, of) => Math.max(1, Math.ceil(count / of));
  if (grain === "year" || years > 8) {
    const step = every(years, room(10));
    firsts(days, (day) => day.slice(0, 4)).forEach(([index, year], number) => { if (number % step === 0) found.set(index, year); });
  } else if (grain === "quarter") {
    const step = every(days.length, room(8));
    days.forEach((day, index) => { if (index % step === 0) found.set(index, format.period(day, "quarter")); });
  } else if (grain === "month" || months > 4) {
    const step = [1, 2, 3, 6, 12].find((size) => months / size <= room(10)) ?? 12;
    for (const [index, month] of firsts(days, (day) => day.slice(0, 7))) {
      // A week or day in the middle of the first month is no beginning of it.
      if (index === 0 && grain !== "month" && Number(days[0].slice(8)) > 7) continue;
      if ((Number(month.slice(5)) - 1) % step === 0) found.set(index, format.month(`${month}-01`, { year: years > 1 }));
    }
  } else {
    const step = every(days.length, room(8));
    days.forEach((day, index) => { if (index % step === 0) found.set(index, format.shortDay(day)); });
  }
  return found;
}

function firsts(days, key) {
  const seen = new Set();
  return days.flatMap((day, index) => {
    if (seen.has(key(day))) return [];
    seen.add(key(day));
    return [[index, key(day)]];
  });
}

export const number = (value) => (value === null || value === undefined ? null : Number(value));

/** A line over time: periods that the data cover in part are dashed and grey, the comparison is thin. */
export function timeLine(colours, { days, values, partial, before, grain, kind, label, tipOf }) {
  const whole = values.map((value, index) => (partial.has(index) ? null : number(value)));
  const parts = values.map((value, index) => (partial.has(index) || partial.has(index - 1) || partial.has(index + 1) ? number(value) : null));
  const points = (count) => (count <= 45 ? { showSymbol: true, symbolSize: 5 } : { showSymbol: false });
  const line = (data, colour, style = {}) => ({
    type: "line", data, symbol: "circle", ...points(days.length), emphasis: { disabled: true }, connectNulls: false,
    itemStyle: { color: colour }, lineStyle: { color: colour, width: 2, ...style },
  });
  const series = [
    { ...line(parts, colours.muted, { type: [3, 3], width: 1.5 }), name: "in part", silent: false },
    { ...line(whole, colours.blue), name: label, areaStyle: { color: colours.blue, opacity: 0.07 } },
  ];
  if (before) series.unshift({ ...line(before.map(number), colours.faint, { width: 1.5 }), name: "before", showSymbol: false });
  return {
    grid: grid(), xAxis: timeAxis(colours, days, grain), yAxis: valueAxis(colours, kind), series,
    tooltip: tooltip(colours, (marks) => tipOf(marks[0].dataIndex), { trigger: "axis", axisPointer: { type: "line", lineStyle: { color: colours.faint, type: "solid" } } }),
  };
}

/** The name of an axis, in its middle. */
export const named = (colours, name, nameGap = 26) => ({ name, nameLocation: "middle", nameGap, nameTextStyle: { color: colours.muted } });

/** The ends of an axis that grows by factors of ten: a 1, 2 or 5 with noughts just outside of the values. */
export function decades(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const nice = (value) => [1, 2, 5, 10].map((digit) => Number(`${digit}e${Math.floor(Math.log10(value))}`));
  const [min, max] = [nice(low).findLast((one) => one <= low), nice(high).find((one) => one >= high)];
  return { min, max: max > min ? max : min * 10 };
}

/** Upright bars, one series or stacked ones: [{name, values, colour}]. */
export function columns(colours, { axis, stacks, kind, tipOf, bands = {}, edges = {} }) {
  return {
    grid: grid(edges), xAxis: axis, yAxis: valueAxis(colours, kind, bands),
    series: stacks.map((stack) => ({
      type: "bar", stack: "all", name: stack.name, barMaxWidth: 48, barCategoryGap: "22%",
      data: stack.values.map((value, index) => ({ value: number(value), index })),
      itemStyle: { color: stack.colour }, emphasis: { itemStyle: { color: stack.colour, opacity: 0.8 } },
    })),
    tooltip: tooltip(colours, (marks) => tipOf((marks[0] ?? marks).dataIndex), { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colours.muted, opacity: 0.08 } } }),
  };
}
