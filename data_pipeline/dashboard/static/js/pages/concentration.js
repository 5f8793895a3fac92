// How much of net sales the best products or customers bring: the Pareto curve and its three classes.

import { draw } from "../chart.js";
import { h } from "../dom.js";
import * as format from "../format.js";
import * as options from "../options.js";
import { column, records, table } from "../table.js";

const PLURAL = { product: "products", customer: "customers" };

export function concentration(item) {
  return {
    id: `concentration_${item}`,
    width: "w12",
    title: `How much the best ${PLURAL[item]} bring`,
    request: (context) => ({ path: "analyses/concentration", parameters: { ...context.parameters(), item } }),
    empty: (answer) => (answer.frames.curve.rows.length ? null : `No ${PLURAL[item]} with sales in these days.`),
    sub: (answer) => sentence(answer, item),
    draw: (body, answer, context) => {
      const host = h("div", { class: "chart" });
      const classes = h("div", {}, table(answer.frames.classes, { caption: `Classes of ${PLURAL[item]}` }), h("p", { class: "sub more" }, "A bring the first 80 % of net sales, B the next 15 %, C the rest."));
      body.replaceChildren(h("div", { class: "split" }, host, classes));
      return drawCurve(host, answer, context, item);
    },
    frame: (answer) => answer.frames.curve,
    explain: (context) => ({ ...context.parameters(), analysis: "concentration" }),
  };
}

function sentence(answer, item) {
  const first = records(answer.frames.classes).find((row) => row.class === "A");
  if (!first) return "";
  const all = column(answer.frames.classes, "items").reduce((sum, count) => sum + count, 0);
  return `${format.full(first.items, "count")} of ${format.full(all, "count")} ${PLURAL[item]} (${format.percent(first.items / all)}) bring ${format.percent(first.share)} of net sales`;
}

function drawCurve(host, answer, context, item) {
  const tones = context.colours();
  const rows = records(answer.frames.curve);
  const points = [[0, 0], ...rows.map((row) => [Number(row.best), Number(row.share)])];
  const option = {
    grid: options.grid({ right: 18, bottom: 28, left: 4 }),
    xAxis: { ...options.valueAxis(tones, "share", { min: 0, max: 1, interval: 0.25, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: tones.faint } } }), ...options.named(tones, `Best ${PLURAL[item]}, share of all`) },
    yAxis: options.valueAxis(tones, "share", { min: 0, max: Math.max(1, ...points.map(([, share]) => share)), interval: 0.25, axisLabel: { color: tones.muted, fontSize: 11.5, formatter: (share) => (share > 1 ? "" : format.tick(share, "share")) } }),
    series: [{
      type: "line", data: points, showSymbol: false, symbolSize: 6, lineStyle: { color: tones.blue, width: 2 }, itemStyle: { color: tones.blue },
      areaStyle: { color: tones.blue, opacity: 0.07 },
      markLine: { silent: true, symbol: "none", lineStyle: { color: tones.faint, type: [3, 3] }, label: { color: tones.muted, position: "insideEndBottom", fontSize: 11.5 }, data: [{ yAxis: 0.8, label: { formatter: "A to here" } }, { yAxis: 0.95, label: { formatter: "B to here" } }] },
    }],
    tooltip: options.tooltip(tones, ([{ dataIndex }]) => {
      const row = rows[Math.max(0, dataIndex - 1)];
      return options.tip(`The best ${format.percent(row.best)} of ${PLURAL[item]}`, [["Share of net sales", format.percent(row.share)], ["Net sales", format.full(row.net_sales, "money")]]);
    }, { trigger: "axis", axisPointer: { type: "line", lineStyle: { color: tones.faint, type: "solid" } } }),
  };
  return draw(host, option, { label: `Curve: ${sentence(answer, item)}` });
}
