// A metric by a dimension: bars that filter, with the change against the compared period.

import { bars } from "../bars.js";
import * as format from "../format.js";
import { valueName, names } from "../filters.js";
import { barsPicture } from "../picture.js";
import { records } from "../table.js";

/**
 * A card of bars of `metric(context)` by `by(context)`. Its own filter is left out of the question, so that one can see
 * and add the other values.
 */
export function breakdown({ by, metric = () => "net_sales", most = 10, explainable = true, ...rest }) {
  const asked = (context) => ({ ...context.parameters({ except: by(context) }), metric: metric(context), by: by(context) });
  return {
    width: "w4",
    request: (context) => ({ path: "query", parameters: { ...asked(context), ...context.compare, sort: `-${metric(context)}`, limit: most, totals: 1 } }),
    empty: (answer, context) => (answer.rows.length ? null : `Nothing was sold in these days${context.state.where.length ? " with these filters" : ""}.`),
    sub: (answer, context) => subtitle(answer, context, metric(context)),
    draw: (body, answer, context) => {
      const items = itemsOf(answer, context, by(context), metric(context));
      body.replaceChildren(bars(items, { pick: context.pick, others: others(answer, context, metric(context)), label: `${context.metric(metric(context)).label} by ${context.label(by(context))}` }));
    },
    frame: (answer, context) => besideBefore(answer, metric(context), by(context) === "product" ? "product_id" : by(context), context),
    tableOptions: (answer, context) => filterColumn(answer, context, by(context)),
    picture: (answer, context, tones) => barsPicture(itemsOf(answer, context, by(context), metric(context)), tones),
    explain: (context) => (explainable ? asked(context) : null),
    ...rest,
  };
}

/** The rows with the metric in the compared period beside it: that of the same value, or of the same place when `key` is null. */
export function besideBefore(answer, metric, key, context) {
  if (!answer.compared) return answer;
  const place = answer.fields.findIndex(({ name }) => name === metric);
  const [keyAt, valueAt] = [key, metric].map((called) => answer.compared.fields.findIndex(({ name }) => name === called));
  const own = answer.fields.findIndex(({ name }) => name === key);
  const before = new Map(answer.compared.rows.map((row, index) => [key === null ? index : row[keyAt], row[valueAt]]));
  const field = { ...answer.fields[place], name: `${metric}_before`, label: context.comparedWith(answer.compared.period) };
  return { fields: [...answer.fields, field], rows: answer.rows.map((row, index) => [...row, before.get(key === null ? index : row[own]) ?? null]) };
}

/** The options that make a table's first column filter. */
export function filterColumn(frame, context, dimension) {
  const place = frame.fields.findIndex(({ name }) => name === (dimension === "product" ? "product_id" : dimension));
  const shown = dimension === "product" ? "product" : dimension;
  if (place < 0) return {};
  return {
    filter: (row) => ({ column: shown, where: [dimension, row[place]] }),
    chosen: (row) => context.chosen(dimension).includes(String(row[place] ?? "")),
  };
}

function subtitle(answer, context, metric) {
  const { label, kind, additive } = context.metric(metric);
  const total = answer.totals?.[0];
  const compared = answer.compared?.period;
  const parts = [total === null || total === undefined ? label : `${label}, ${additive ? `${format.short(total, kind)} in all` : `${format.short(total, kind)} overall`}`];
  if (compared) parts.push(`change against ${context.comparedWith(compared)}`);
  return parts.join("; ");
}

export function itemsOf(answer, context, by, metric) {
  const key = by === "product" ? "product_id" : by;
  const before = new Map(answer.compared ? records(answer.compared).map((row) => [row[key], row[metric]]) : []);
  const { kind, additive, better } = context.metric(metric);
  const total = Number(answer.totals?.[0] ?? 0);
  return records(answer).map((row) => {
    const value = row[metric];
    if (by === "product") names.set(`product:${row.product_id}`, row.product);
    const moved = answer.compared ? format.change(value, before.get(row[key]) ?? null, kind) : null;
    const share = additive && total > 0 ? format.percent(Number(value) / total) : "";
    return {
      label: by === "product" ? row.product : valueName(by, String(row[key] ?? "")), size: Number(value ?? 0), amount: format.short(value, kind),
      side: answer.compared ? moved?.text ?? (before.has(row[key]) ? format.NOTHING : "new") : share,
      tone: moved ? tone(moved.points, better) : "",
      where: [by, row[key]], pressed: context.chosen(by).includes(String(row[key] ?? "")),
    };
  });
}

/** Whether a change is good news: green up, orange down, nothing when neither. */
export function tone(value, better) {
  if (!better || Math.abs(value) < 0.05) return "";
  return (value > 0) === (better === "up") ? "up" : "down";
}

function others(answer, context, metric) {
  const rest = answer.row_count - answer.rows.length;
  if (rest <= 0) return null;
  const value = answer.others?.[0];
  return { label: `${format.full(rest, "count")} ${rest === 1 ? "other" : "others"}`, amount: value === null || value === undefined ? "" : format.short(value, context.metric(metric).kind) };
}
