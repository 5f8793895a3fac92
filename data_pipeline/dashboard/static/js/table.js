// A frame as a table, and as a CSV file that no spreadsheet takes for a formula.

import { button, h, hidden, name } from "./dom.js";
import * as format from "./format.js";

const NUMERIC = new Set(["money", "count", "share", "number", "whole"]);
const AT_FIRST = 100;
/** What a line break would tear apart. */
const WHOLE = new Set(["time", "order_id", "started_at", "finished_at"]);
/** Amounts stand to the right; the number of a thing is its name. */
const isNumeric = (field) => NUMERIC.has(field.kind) && !field.name.endsWith("_id");

export const column = (frame, called) => {
  const place = frame.fields.findIndex((field) => field.name === called);
  return frame.rows.map((row) => row[place]);
};

/** The rows as objects by field name. */
export const records = (frame) => frame.rows.map((row) => Object.fromEntries(frame.fields.map((field, place) => [field.name, row[place]])));

/** One cell's text; `digits` are those of its column. */
export function written(value, field, digits = null) {
  if (value === null || value === undefined) return format.NOTHING;
  if (field.kind === "money" && digits) return format.money(value, digits);
  if (field.kind === "moment") return format.time(value);
  if (field.name === "weekday") return format.weekday(value, "long");
  if (field.kind === "day" && ["month", "quarter", "year"].includes(field.name)) return format.period(value, field.name);
  if (field.kind === "whole") return String(value);
  return format.full(value, field.kind);
}

/**
 * A table of the frame. `filter(row)` gives [dimension, value] for rows that can be filtered on, `chosen(row)` says
 * whether they are; `sort` {by, go(column)} makes headings buttons, columns in `hide` are left out, those in `wide` on a phone; `cell` {name: (value, row) => element} draws a column.
 */
export function table(frame, { caption, filter = null, chosen = () => false, pick = null, sort = null, cell = {}, limit = AT_FIRST, hide = [], wide = [] } = {}) {
  const places = frame.fields.flatMap(({ name: called }, place) => (hide.includes(called) ? [] : [place]));
  const body = h("tbody");
  const digits = new Map(places.filter((place) => frame.fields[place].kind === "money").map((place) => [place, format.places(frame.rows.map((row) => row[place]), frame.fields[place].name.replace(/_before$/, ""))]));
  const fill = (count) => body.replaceChildren(...frame.rows.slice(0, count).map((row) => line(frame, row, { places, digits, wide, filter, chosen, pick, cell })));
  fill(limit);
  const whole = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, places.map((place) => heading(frame.fields[place], sort, wide)))), body));
  if (frame.rows.length <= limit) return whole;
  const more = button(`Show all ${format.full(frame.rows.length, "count")} rows`, () => { fill(frame.rows.length); more.remove(); }, { class: "plain more" });
  return h("div", {}, whole, more);
}

function heading(field, sort, wide) {
  const classes = [isNumeric(field) && "n", wide.includes(field.name) && "wide"].filter(Boolean).join(" ") || null;
  if (!sort?.columns.includes(field.name)) return h("th", { scope: "col", class: classes }, field.label);
  const order = sort.by === `-${field.name}` ? "descending" : sort.by === field.name ? "ascending" : null;
  const sign = order === "descending" ? "\u00a0↓" : order ? "\u00a0↑" : "";
  return h("th", { scope: "col", class: classes, "aria-sort": order }, button(field.label + sign, () => sort.go(order === "descending" ? field.name : `-${field.name}`)));
}

function line(frame, row, { places, digits, wide, filter, chosen, pick, cell }) {
  const target = filter?.(row);
  return h("tr", { class: chosen(row) ? "chosen" : null }, places.map((place) => {
    const [field, value] = [frame.fields[place], row[place]];
    const classes = [isNumeric(field) && "n", field.name === "raw" && "raw", WHOLE.has(field.name) && "whole", wide.includes(field.name) && "wide"].filter(Boolean).join(" ") || null;
    if (cell[field.name]) return h("td", { class: classes }, cell[field.name](value, row));
    const text = written(value, field, digits.get(place));
    const inside = target && target.column === field.name
      ? h("button", { type: "button", class: "cell", "aria-pressed": String(chosen(row)), onclick: () => pick(target) }, hidden("Filter: "), name(text))
      : field.kind === "text" ? name(text) : text;
    return h("td", { class: classes }, inside);
  }));
}

/** RFC 4180, with a ' before what a spreadsheet would compute. Numbers stay exact and plain. */
export function csv(frame) {
  const field = (value, kind) => {
    if (value === null || value === undefined) return "";
    const text = String(value);
    const safe = !NUMERIC.has(kind) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = frame.rows.map((row) => row.map((value, place) => field(value, frame.fields[place].kind)).join(","));
  return `${[frame.fields.map(({ name: called }) => called).join(","), ...lines].join("\r\n")}\r\n`;
}
