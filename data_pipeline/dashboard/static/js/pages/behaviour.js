// When and how they buy: the week, the size of orders, channels, what goes together.

import { draw } from "../chart.js";
import { names } from "../filters.js";
import * as format from "../format.js";
import { heat, heatColour } from "../heat.js";
import * as options from "../options.js";
import { heatPicture } from "../picture.js";
import { go } from "../state.js";
import { records } from "../table.js";
import { breakdown } from "./breakdown.js";
import { chartHost, pageOf, segments } from "./layout.js";

export function behaviour() {
  return pageOf([week, orderValues, byChannel, pairs]);
}

const METRICS = [["orders", "Orders"], ["net_sales", "Net sales"]];
const weekMetric = (context) => (context.state.metric === "net_sales" ? "net_sales" : "orders");

function weekCells(answer, context) {
  const metric = weekMetric(context);
  const rows = records(answer.frames.week);
  const most = Math.max(...rows.map((row) => Number(row[metric])), 1);
  const { kind } = context.metric(metric);
  const [days, hours] = [context.chosen("weekday"), context.chosen("hour")];
  return {
    columns: Array.from({ length: 24 }, (_, hour) => String(hour)),
    rows: Array.from({ length: 7 }, (_, place) => ({
      label: format.weekday(place + 1),
      cells: Array.from({ length: 24 }, (_, hour) => {
        const value = rows.find((row) => row.weekday === place + 1 && row.hour === hour)?.[metric] ?? 0;
        const text = Number(value) ? format.tick(value, "count") : "";
        return {
          text, share: Math.max(0, Number(value)) / most, where: [place + 1, hour],
          pressed: days.includes(String(place + 1)) && hours.includes(String(hour)),
          title: `${text} ${format.weekday(place + 1, "long")}, ${hour}:00 to ${hour}:59: ${format.full(value, kind)} ${kind === "count" ? "orders" : ""}`.trim(),
        };
      }),
    })),
  };
}

/** A cell stands for its weekday and its hour: both filters are set, or taken away. */
function pickCell(context, [weekday, hour]) {
  const there = context.chosen("weekday").includes(String(weekday)) && context.chosen("hour").includes(String(hour));
  const rest = context.state.where.filter(([dimension]) => dimension !== "weekday" && dimension !== "hour");
  go({ where: there ? rest : [...rest, ["weekday", String(weekday)], ["hour", String(hour)]] });
}

const week = {
  id: "week",
  width: "w12",
  title: (context) => `When they buy: ${context.metric(weekMetric(context)).label.toLowerCase()} by weekday and hour`,
  controls: (context) => segments("Measure", METRICS, weekMetric(context), (metric) => go({ metric: metric === "orders" ? null : metric })),
  request: (context) => ({ path: "analyses/week", parameters: { ...withoutBoth(context), metric: weekMetric(context) } }),
  empty: (answer, context) => (records(answer.frames.week).some((row) => Number(row[weekMetric(context)])) ? null : "Nothing was sold in these days."),
  sub: (answer, context) => `Hours of ${context.meta.timezone}`,
  hint: "A click filters by that weekday and hour",
  draw: (body, answer, context) => body.replaceChildren(heat({
    ...weekCells(answer, context), corner: "", colours: context.colours(), pick: (where) => pickCell(context, where), label: "Weekdays and hours",
  })),
  frame: (answer) => answer.frames.week,
  picture: (answer, context, tones) => heatPicture({ ...weekCells(answer, context), colours: tones, colourOf: heatColour }),
  explain: (context) => ({ ...context.parameters(), analysis: "week" }),
};

function withoutBoth(context) {
  const parameters = context.parameters();
  return { ...parameters, where: parameters.where.filter((pair) => !/^(weekday|hour):/.test(pair)) };
}

const range = (low, high) => (high === null ? `${format.tick(low, "money")} and more` : `${format.tick(low, "money")} to ${format.tick(high, "money")}`);
const middle = ({ facts }) => (facts.median_band ? `the one in the middle is worth ${range(...facts.median_band)}` : "");

const orderValues = {
  id: "order_values",
  width: "w8",
  title: "What an order is worth",
  request: (context) => ({ path: "analyses/order_values", parameters: context.parameters() }),
  empty: (answer) => (answer.facts.orders ? null : "There were no orders in these days."),
  sub: (answer) => `${format.full(answer.facts.orders, "count")} orders; ${middle(answer)}`,
  draw: (body, answer, context) => {
    const tones = context.colours();
    const rows = records(answer.frames.values);
    const axis = options.categoryAxis(tones, rows.map((row) => format.tick(row.low, "money")), { axisLabel: { interval: 0, hideOverlap: true }, ...options.named(tones, "Worth of the order, from") });
    const option = options.columns(tones, {
      axis, stacks: [{ name: "Orders", colour: tones.blue, values: rows.map((row) => row.orders) }], kind: "count", edges: { bottom: 28 },
      tipOf: (index) => options.tip(range(rows[index].low, rows[index].high), [["Orders", format.full(rows[index].orders, "count")], ["Share", format.percent(rows[index].orders / answer.facts.orders)], ["Sales", format.full(rows[index].sales, "money")]]),
    });
    return draw(chartHost(body), option, { label: `Bars of orders by what they are worth; ${middle(answer)}. The table has all values.` });
  },
  frame: (answer) => answer.frames.values,
  explain: (context) => ({ ...context.parameters(), analysis: "order_values" }),
};

const MEASURES = [["net_sales", "Net sales"], ["average_order_value", "Order value"]];
const measure = (context) => (context.state.measure === "average_order_value" ? "average_order_value" : "net_sales");
const byChannel = breakdown({
  id: "channels", title: "Channels", by: () => "channel", metric: measure,
  controls: (context) => context.meta.has.channel && segments("Measure", MEASURES, measure(context), (value) => go({ measure: value === "net_sales" ? null : value })),
  empty: (answer, context) => (!context.meta.has.channel ? "No channel is known: give sales a column “channel” to compare them." : answer.rows.length ? null : "Nothing was sold in these days."),
});

const pairs = {
  id: "pairs",
  width: "w12",
  title: "Bought together",
  request: (context) => ({ path: "analyses/basket_pairs", parameters: { ...context.parameters(), limit: 20 } }),
  empty: (answer, context) => (!context.meta.has.order_id ? "No order number is known: give sales a column “order_id” to see what is bought together." : answer.frames.pairs.rows.length ? null : "No two products were bought together often enough in these days."),
  sub: (answer) => `In ${format.full(answer.facts.min_orders, "count")} orders at least; first those that are bought together more often than chance would have it`,
  frame: (answer) => answer.frames.pairs,
  tableOptions: (answer) => {
    for (const row of records(answer.frames.pairs)) {
      names.set(`product:${row.first_id}`, row.first);
      names.set(`product:${row.second_id}`, row.second);
    }
    const place = answer.frames.pairs.fields.findIndex(({ name }) => name === "first_id");
    return { filter: (row) => ({ column: "first", where: ["product", row[place]] }), limit: 20, hide: ["first_id", "second_id"], wide: ["support", "confidence", "confidence_back"] };
  },
  explain: (context) => ({ ...context.parameters(), analysis: "basket_pairs" }),
};
