// Which products carry the shop, which rise and fall, come back, earn.

import { bars } from "../bars.js";
import { draw } from "../chart.js";
import { button, h } from "../dom.js";
import { names } from "../filters.js";
import * as format from "../format.js";
import * as options from "../options.js";
import { barsPicture } from "../picture.js";
import { go } from "../state.js";
import { column, records } from "../table.js";
import { breakdown, filterColumn } from "./breakdown.js";
import { concentration } from "./concentration.js";
import { chartHost, pageOf } from "./layout.js";

const ROWS = 15;
const MOST_PAGES = 60;
const MOST_DOTS = 400;

export function products() {
  return pageOf([top, concentration("product"), movers("rise"), movers("fall"), returnRate, margin, priceAndQuantity]);
}

const learn = (rows) => { for (const row of rows) names.set(`product:${row.product_id}`, row.product); };

const SORTED = ["net_sales", "units", "average_price", "returns", "return_rate", "gross_margin", "margin_rate"];
const top = {
  id: "products",
  width: "w12",
  title: "Products",
  controls: (context) => searchField(context),
  request: (context) => ({
    path: "analyses/products",
    parameters: { ...context.parameters({ except: "product" }), sort: context.state.sort ?? "-net_sales", search: context.state.search, limit: ROWS * pages(context) },
  }),
  empty: (answer, context) => (answer.frames.products.rows.length ? null : context.state.search ? `No product that was sold in these days is called “${context.state.search}”.` : "Nothing was sold in these days."),
  sub: (answer) => `${format.full(answer.facts.row_count, "count")} products. A are those that bring the first 80 % of net sales, B the next 15 %, C the rest`,
  frame: (answer, context) => without(answer.frames.products, context.meta.has.cost ? [] : ["gross_margin", "margin_rate"]),
  tableOptions: (answer, context) => {
    learn(records(answer.frames.products));
    return {
      limit: Infinity, hide: ["cumulative_share"], wide: ["product_id", "category", "class", "share"], ...filterColumn(answer.frames.products, context, "product"),
      sort: { by: context.state.sort ?? "-net_sales", columns: SORTED, go: (sort) => go({ sort: sort === "-net_sales" ? null : sort }, { replace: true }) },
      after: answer.frames.products.rows.length < answer.facts.row_count && button("Show more", () => go({ more: String(pages(context) + 1) }, { replace: true }), { class: "plain more" }),
    };
  },
  explain: (context) => ({ ...context.parameters(), metric: "net_sales", by: "product" }),
};

const pages = ({ state }) => Math.min(MOST_PAGES, Math.max(1, Number.parseInt(state.more, 10) || 1));

function without(frame, dropped) {
  const kept = frame.fields.flatMap(({ name }, place) => (dropped.includes(name) ? [] : [place]));
  return { fields: kept.map((place) => frame.fields[place]), rows: frame.rows.map((row) => kept.map((place) => row[place])) };
}

function searchField({ state }) {
  let waiting = 0;
  const field = h("input", { class: "search", type: "search", value: state.search ?? "", placeholder: "Find a product", "aria-label": "Find a product", id: "find-product" });
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => go({ search: field.value.trim() }, { replace: true }), 250); });
  return h("div", { class: "find" }, field);
}

/** What rises or falls most against the compared period. */
function movers(sort) {
  const rising = sort === "rise";
  const itemsOf = (answer) => records(answer.frames.movers).filter((row) => (Number(row.change) > 0) === rising && Number(row.change) !== 0);
  const shown = (answer, context) => {
    learn(itemsOf(answer));
    return itemsOf(answer).map((row) => ({
      label: row.product, size: Number(row.change), amount: (rising ? "+" : "") + format.short(row.change, "money"),
      side: format.change(row.now, row.before, "money")?.text ?? (rising ? "new" : "gone"), tone: rising ? "up" : "down",
      where: ["product", row.product_id], pressed: context.chosen("product").includes(String(row.product_id)),
    }));
  };
  return {
    id: rising ? "rising" : "falling",
    title: rising ? "Rising most" : "Falling most",
    request: (context) => ({
      path: "analyses/movers",
      parameters: { ...context.parameters({ except: "product" }), item: "product", sort, limit: 10, ...(context.compare.compare ? context.compare : { compare: "previous" }) },
    }),
    empty: (answer, context) => (!answer.facts.compared ? "The data do not cover a period to compare with." : itemsOf(answer).length ? null : `No product ${rising ? "sold more" : "sold less"} than before${context.state.where.length ? " with these filters" : ""}.`),
    sub: (answer) => `Change of net sales against ${format.span(answer.facts.compared.since, answer.facts.compared.until)}`,
    draw: (body, answer, context) => body.replaceChildren(bars(shown(answer, context), { pick: context.pick, label: rising ? "Products that rose most" : "Products that fell most" })),
    frame: (answer) => answer.frames.movers,
    tableOptions: (answer, context) => filterColumn(answer.frames.movers, context, "product"),
    picture: (answer, context, tones) => barsPicture(shown(answer, context), tones),
    explain: (context) => ({ ...context.parameters(), analysis: "movers" }),
  };
}

const returnRate = breakdown({ id: "return_rate", width: "w6", title: "Return rate by category", by: () => "category", metric: () => "return_rate" });
const margin = breakdown({
  id: "margin_rate", width: "w6", title: "Margin rate by category", by: () => "category", metric: () => "margin_rate",
  empty: (answer, context) => (!context.meta.has.cost ? "The products have no cost: give products a column “cost” to see what they earn." : answer.rows.length ? null : "Nothing was sold in these days."),
});

const priceAndQuantity = {
  id: "price_quantity",
  width: "w12",
  keeps: true,
  title: "Price and quantity",
  request: (context) => ({ path: "query", parameters: { ...context.parameters({ except: "product" }), metric: ["average_price", "units", "net_sales"], by: "product", sort: "-net_sales", limit: MOST_DOTS } }),
  empty: (answer) => (answer.rows.length > 1 ? null : "It takes two products at least to compare them."),
  sub: (answer) => `Each dot is a product: what a piece cost on average, and how many were sold. ${answer.row_count > answer.rows.length ? `The ${format.full(answer.rows.length, "count")} with the most sales of ${format.full(answer.row_count, "count")}. ` : ""}Both axes grow by factors of ten`,
  draw: (body, answer, context) => drawDots(chartHost(body, "tall"), answer, context),
  tableOptions: (answer, context) => filterColumn(answer, context, "product"),
  explain: (context) => ({ ...context.parameters(), metric: "average_price", by: "product" }),
};

function drawDots(host, answer, context) {
  const tones = context.colours();
  const rows = records(answer).filter((row) => Number(row.average_price) > 0 && row.units > 0);
  learn(rows);
  const picked = context.chosen("product");
  const axis = (kind, name, values) => ({
    ...options.valueAxis(tones, kind), type: "log", logBase: 10, ...options.decades(values), ...options.named(tones, name, kind === "money" ? 28 : 44),
  });
  const dots = rows.map((row) => ({
    value: [Number(row.average_price), row.units],
    itemStyle: picked.includes(String(row.product_id)) ? { color: tones.orange, opacity: 1 } : undefined,
  }));
  const option = {
    grid: options.grid({ left: 22, bottom: 28, right: 16 }),
    xAxis: axis("money", "Average price", dots.map(({ value }) => value[0])), yAxis: axis("count", "Units", dots.map(({ value }) => value[1])),
    series: [{ type: "scatter", data: dots, symbolSize: 8, itemStyle: { color: tones.blue, opacity: 0.5 }, emphasis: { itemStyle: { opacity: 1 } } }],
    tooltip: options.tooltip(tones, ({ dataIndex }) => {
      const row = rows[dataIndex];
      return options.tip(row.product, [["Average price", format.full(row.average_price, "money")], ["Units", format.full(row.units, "count")], ["Net sales", format.full(row.net_sales, "money")]]);
    }, { trigger: "item" }),
  };
  return draw(host, option, {
    label: `${rows.length} products by price and units, from ${format.short(Math.min(...column(answer, "average_price").map(Number)), "money")}. The table has all values.`,
    pick: ({ dataIndex }) => context.pick(["product", rows[dataIndex].product_id]),
  });
}
