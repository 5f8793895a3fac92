// Why net sales changed: a waterfall from the compared period to this one.

import { draw } from "../chart.js";
import * as format from "../format.js";
import * as options from "../options.js";
import { column } from "../table.js";
import { chartHost } from "./layout.js";

export const change = {
  id: "change",
  width: "w4",
  title: "What changed net sales",
  request: (context) => ({ path: "analyses/change", parameters: { ...context.parameters(), ...(context.compare.compare ? context.compare : { compare: "previous" }) } }),
  empty: (answer) => (answer.frames.parts.rows.length ? null : "The data do not cover a period to compare with."),
  sub: (answer) => subtitle(answer),
  draw: (body, answer, context) => drawChange(chartHost(body), answer, context),
  frame: (answer) => answer.frames.parts,
  explain: (context) => ({ ...context.parameters(), analysis: "change" }),
};

function subtitle(answer) {
  const { period, compared } = answer.facts;
  const floor = floorOf(stepsOf(column(answer.frames.parts, "net_sales")));
  const cut = floor > 0 ? `; the bars begin at ${format.short(floor, "money")}` : "";
  return `${format.span(period.since, period.until)} against ${format.span(compared.since, compared.until)}${cut}`;
}

/** Where each bar begins and how long it is; the first and the last stand on the ground. */
function stepsOf(money) {
  let level = 0;
  return money.map((value, index) => {
    const size = Number(value);
    const whole = index === 0 || index === money.length - 1;
    const [from, to] = whole ? [0, size] : [level, level + size];
    level = to;
    return { low: Math.min(from, to), high: Math.max(from, to), whole, rises: size >= 0 };
  });
}

/** Where the axis begins: at 0, unless the change would be too small to see. */
function floorOf(steps) {
  const lowest = Math.min(...steps.map(({ low, high, whole }) => (whole ? high : low)));
  const highest = Math.max(...steps.map(({ high }) => high));
  const moved = highest - lowest;
  if (lowest <= 0) return Math.min(0, ...steps.map(({ low }) => low));
  return moved < highest / 3 ? Math.max(0, lowest - moved * 0.6) : 0;
}

function drawChange(host, answer, context) {
  const tones = context.colours();
  const names = column(answer.frames.parts, "part");
  const money = column(answer.frames.parts, "net_sales");
  const option = {
    grid: options.grid({ right: 70, top: 0 }),
    yAxis: options.categoryAxis(tones, names, { inverse: true, axisLine: { show: false }, axisLabel: { color: tones.ink, fontSize: 12.5, interval: 0 } }),
    ...bars(stepsOf(money), money, tones),
    tooltip: options.tooltip(tones, ({ dataIndex }) => options.tip(names[dataIndex], [["Net sales", format.full(money[dataIndex], "money")]]), { trigger: "item" }),
  };
  const spoken = names.map((name, index) => `${name} ${format.short(money[index], "money")}`).join(", ");
  return draw(host, option, { label: `What changed net sales: ${spoken}` });
}

/** An unseen bar up to where the step begins, and the step stacked on it. */
function bars(steps, money, tones) {
  const floor = floorOf(steps);
  const begin = ({ low }) => Math.max(low, floor);
  const colour = ({ whole, rises }) => (whole ? tones.blue : rises ? tones.green : tones.orange);
  const stacked = { type: "bar", stack: "parts", stackStrategy: "all" };
  return {
    xAxis: options.valueAxis(tones, "money", { min: floor, axisLabel: { show: false }, splitLine: { show: false } }),
    series: [
      { ...stacked, silent: true, itemStyle: { color: "transparent" }, data: steps.map(begin) },
      {
        ...stacked, barWidth: 18,
        data: steps.map((step) => ({ value: Math.max(0, step.high - begin(step)), itemStyle: { color: colour(step) } })),
        label: { show: true, position: "right", color: tones.ink, fontSize: 12, formatter: ({ dataIndex }) => written(money[dataIndex], steps[dataIndex].whole) },
      },
    ],
  };
}

const written = (value, whole) => (whole || Number(value) <= 0 ? format.short(value, "money") : `+${format.short(value, "money")}`);
