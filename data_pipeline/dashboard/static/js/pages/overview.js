// How are we doing, compared with when, where, why.

import { ask } from "../api.js";
import { draw } from "../chart.js";
import { h } from "../dom.js";
import * as format from "../format.js";
import * as options from "../options.js";
import { go } from "../state.js";
import { column, records } from "../table.js";
import { besideBefore, breakdown } from "./breakdown.js";
import { change } from "./change.js";
import { legendHost, pageOf, segments } from "./layout.js";
import { tiles } from "./tiles.js";

const GRAINS = [["day", "Day"], ["week", "Week"], ["month", "Month"], ["quarter", "Quarter"], ["year", "Year"]];
const MOST_POINTS = 2000;

export function overview() {
  return pageOf([overTime, change, byCategory, byPlace], [tiles(), books()]);
}

const shownMetric = (context) => (context.metric(context.state.metric) ? context.state.metric : "net_sales");

/** The balance sheet in one line: that of the sales; the quality page has it by table and by file. */
function books() {
  const element = h("p", { class: "books" });
  const link = h("a", { href: "/quality", onclick: (event) => { event.preventDefault(); go({ page: "quality", table: [] }); } }, "Look into it");
  return {
    element,
    refresh: async ({ meta }) => {
      const answer = await ask("quality").catch(() => null);
      const sales = answer && records(answer.balance).find((row) => row.source_table === "sales");
      const said = sales ? `Sales: ${sentence(sales)}` : sentence(meta.balance);
      element.replaceChildren(h("strong", {}, said), h("span", { class: meta.balance.balanced ? "up" : "down" }, meta.balance.balanced ? "The books balance." : "The books do not balance."), link);
    },
  };
}

function sentence(balance) {
  const count = (value) => format.full(value, "count");
  const parts = [`${count(balance.rows_read)} rows read`, `${count(balance.rows_loaded)} loaded`];
  if (balance.rows_duplicate) parts.push(`${count(balance.rows_duplicate)} exact duplicates`);
  return [...parts, `${count(balance.rows_quarantined)} quarantined`].join(", ");
}

const overTime = {
  id: "over_time",
  width: "w12",
  keeps: true,
  title: (context) => `${context.metric(shownMetric(context)).label} over time`,
  controls: (context) => segments("Grain", GRAINS, context.grain, (grain) => go({ grain })),
  request: (context) => ({
    path: "query",
    parameters: { ...context.parameters(), ...context.compare, metric: shownMetric(context), by: context.grain, fill: 1, totals: 1, limit: MOST_POINTS },
  }),
  empty: (answer) => (answer.rows.length ? null : "Nothing was sold in these days."),
  sub: (answer, context) => (answer.compared_note ? `No comparison: ${answer.compared_note}` : `By ${context.grain}`),
  hint: "Drag over the line, click on it, or use the arrow keys and Enter to look closer",
  draw: (body, answer, context) => drawOverTime(body, answer, context),
  frame: (answer, context) => besideBefore(answer, shownMetric(context), null, context),
  tableOptions: (answer, context) => ({
    filter: (row) => ({ column: context.grain, where: row[0] }), pick: ({ where }) => context.zoom(where, where, context.grain),
  }),
  explain: (context) => ({ ...context.parameters(), metric: shownMetric(context) }),
};

function drawOverTime(body, answer, context) {
  const { label, kind } = context.metric(shownMetric(context));
  const days = column(answer, context.grain);
  const values = column(answer, shownMetric(context));
  const earlier = answer.compared;
  const before = earlier ? days.map((_, index) => earlier.rows[index]?.[1] ?? null) : null;
  const tipOf = (index) => {
    const lines = [[label, format.full(values[index], kind)]];
    if (earlier?.rows[index]) {
      lines.push([format.period(earlier.rows[index][0], context.grain), format.full(before[index], kind)]);
      const moved = format.change(values[index], before[index], kind);
      if (moved) lines.push(["Change", moved.text]);
    }
    return options.tip(format.period(days[index], context.grain), lines, answer.partial?.includes(index) ? `This ${context.grain} is not complete` : "");
  };
  const shown = { days, values, partial: new Set(answer.partial ?? []), before, grain: context.grain, kind, label, tipOf };
  const host = legendHost(body, timeLegend(answer, context, kind));
  return draw(host, options.timeLine(context.colours(), shown), {
    label: `${label} by ${context.grain}, ${format.span(context.period.since, context.period.until)}. The table has all values. Arrow keys go from one ${context.grain} to the next, with Shift over several; Enter looks closer.`,
    points: days.map((day, index) => `${format.period(day, context.grain)}: ${format.full(values[index], kind)}`),
    pick: (event) => context.zoom(days[event.dataIndex], days[event.dataIndex], context.grain),
    brush: (first, last) => context.zoom(days[Math.max(0, first)], days[Math.min(days.length - 1, last)], context.grain),
  });
}

function timeLegend(answer, context, kind) {
  const entry = (period, total) => `${format.span(period.since, period.until)}: ${format.headline(total, kind)}`;
  return [
    ["line", "blue", entry(answer.period, answer.totals[0])],
    answer.compared && ["line", "faint", entry(answer.compared.period, answer.compared.totals?.[0])],
    answer.partial?.length > 0 && ["dashed", "muted", `${context.grain} that is not complete`],
  ].filter(Boolean);
}

const GOODS = [["category", "Category"], ["product", "Product"]];
const usualGoods = ({ meta }) => (meta.has.categories ? "category" : "product");
const goods = (context) => (GOODS.some(([called]) => called === context.state.goods) ? context.state.goods : usualGoods(context));
const byCategory = breakdown({
  id: "by_category", title: (context) => `${context.metric(shownMetric(context)).label} by ${goods(context)}`, by: goods, metric: shownMetric,
  controls: (context) => segments("Goods", GOODS, goods(context), (value) => go({ goods: value === usualGoods(context) ? null : value })),
});

const PLACES = [["country", "Country"], ["location", "Location"]];
const place = (context) => (context.state.place === "location" ? "location" : "country");
const byPlace = breakdown({
  id: "by_place", title: (context) => `${context.metric(shownMetric(context)).label} by place`, by: place, metric: shownMetric,
  controls: (context) => segments("Places", PLACES, place(context), (value) => go({ place: value === "country" ? null : value })),
});
