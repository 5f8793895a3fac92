// The bar of filters: period, comparison, values; each can be set, seen and taken away with the keyboard.

import { ask } from "./api.js";
import { button, h, menu, name } from "./dom.js";
import * as format from "./format.js";
import { PRESETS, chosen, chosenPeriod, comparison, current, go, toggle } from "./state.js";

const COMPARED = { previous: "the period before", year: "a year before", none: "nothing", custom: "other days" };
const CHOICES = 50;
const SEARCH_MS = 180;

/** How a filter's value is called; products by the name that was seen last. */
export const names = new Map();

export function valueName(dimension, value) {
  if (value === "") return "none";
  if (dimension === "weekday") return format.weekday(value, "long");
  if (dimension === "hour") return `${value}:00`;
  if (dimension === "cohort") return format.month(value);
  return names.get(`${dimension}:${value}`) ?? value;
}

/** All controls, for the state as it is. */
export function filterBar(meta) {
  const state = current();
  const dimensions = meta.dimensions.filter((one) => !one.is_time);
  const grouped = [...new Set(state.where.map(([dimension]) => dimension))];
  const clear = grouped.length > 0 && button("Clear filters", () => go({ where: [] }), { class: "plain" });
  return h("div", { role: "group", "aria-label": "Filters" },
    periodMenu(meta, state), compareMenu(meta, state),
    grouped.map((dimension) => chip(meta, dimension)),
    menu("Add a filter", (panel) => chooseDimension(panel, dimensions), { class: "control", id: "add-filter" }), clear);
}

function periodMenu(meta, state) {
  const { since, until } = chosenPeriod(state, meta);
  const known = PRESETS.find(([called]) => called === state.period && !state.since);
  const label = [h("span", { class: "quiet" }, known ? known[1] : "Period"), " ", format.span(since, until)];
  return menu(label, (panel, close) => {
    const pick = (called) => () => { close(); go({ period: called, since: null, until: null }); };
    panel.append(h("h3", {}, "Period"), h("div", { class: "two" }, PRESETS.map(([called, text]) => button(text, pick(called), { class: "choice", "aria-pressed": String(known?.[0] === called) }))));
    panel.append(dayFields("Own days", { since, until }, meta, (days) => { close(); go({ ...days, period: null }); }));
  }, { class: "control", id: "period" });
}

function compareMenu(meta, state) {
  const asked = comparison(state).compare ?? "none";
  const label = [h("span", { class: "quiet" }, "Compared with"), " ", asked === "custom" ? format.span(state.compare_since, state.compare_until) : COMPARED[asked]];
  return menu(label, (panel, close) => {
    const pick = (compare) => () => { close(); go({ compare: compare === "previous" ? null : compare, compare_since: null, compare_until: null }); };
    panel.append(h("h3", {}, "Compare with"), ...["previous", "year", "none"].map((compare) => button(COMPARED[compare], pick(compare), { class: "choice", "aria-pressed": String(asked === compare) })));
    const days = { since: state.compare_since ?? meta.span.first_day, until: state.compare_until ?? meta.span.last_day };
    panel.append(dayFields("Other days", days, meta, ({ since, until }) => { close(); go({ compare: "custom", compare_since: since, compare_until: until }); }));
  }, { class: "control", id: "compare" });
}

function dayFields(title, { since, until }, meta, act) {
  const limits = { min: meta.span.first_day, max: meta.span.last_day, required: true };
  const from = h("input", { type: "date", value: since, ...limits });
  const to = h("input", { type: "date", value: until, ...limits });
  const said = h("p", { class: "notice", role: "alert" });
  const apply = (event) => {
    event.preventDefault();
    if (from.value > to.value) said.textContent = "The last day lies before the first.";
    else act({ since: from.value, until: to.value });
  };
  return h("form", { onsubmit: apply }, h("h3", {}, title),
    h("div", { class: "row" }, h("label", { class: "field" }, "First day", from), h("label", { class: "field" }, "Last day", to)),
    said, h("button", { class: "solid", type: "submit" }, "Show"));
}

function chip(meta, dimension) {
  const label = meta.dimensions.find((one) => one.name === dimension)?.label ?? dimension;
  const values = chosen(dimension);
  const text = values.length > 2 ? `${values.length} chosen` : values.map((value) => valueName(dimension, value)).join(", ");
  const opener = menu([h("span", { class: "quiet" }, `${label}: `), name(text)], (panel) => chooseValues(panel, { name: dimension, label }), { class: "control", "aria-label": `Change filter ${label}: ${text}` });
  const remove = () => go({ where: current().where.filter(([one]) => one !== dimension) });
  return h("span", { class: "chip", dataset: { filter: dimension } }, opener, button("✕", remove, { "aria-label": `Remove filter ${label}: ${text}` }));
}

function chooseDimension(panel, dimensions) {
  const open = (dimension) => () => chooseValues(panel, dimension, () => chooseDimension(panel, dimensions));
  panel.replaceChildren(h("h3", {}, "Filter by"), ...dimensions.map((one) => button(one.label, open(one), { class: "choice", title: one.description })));
  panel.querySelector("button")?.focus({ preventScroll: true });
}

function chooseValues(panel, dimension, back = null) {
  const list = h("div", { role: "group", "aria-label": dimension.label });
  const said = h("p", { class: "sub", role: "status" });
  const search = h("input", { class: "search", type: "search", placeholder: `Search ${dimension.label.toLowerCase()}`, "aria-label": `Search ${dimension.label}` });
  let waiting = 0;
  let turn = 0;
  const load = async () => {
    const mine = ++turn;
    try {
      const answer = await ask(`values/${encodeURIComponent(dimension.name)}`, { search: search.value.trim(), limit: CHOICES });
      if (mine !== turn) return;
      list.replaceChildren(...answer.rows.map(([value, label, sales]) => choice(dimension, value, label, sales)));
      said.textContent = answer.rows.length === 0 ? "Nothing is called so." : answer.more ? `The ${answer.rows.length} with the most sales. Search for others.` : "";
    } catch (error) {
      said.textContent = error.message;
    }
  };
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(load, SEARCH_MS); });
  panel.replaceChildren(...[h("h3", {}, dimension.label), back && button("‹ All filters", back, { class: "plain" }), search, list, said].filter(Boolean));
  search.focus({ preventScroll: true });
  load();
}

function choice(dimension, value, label, sales) {
  const text = value === null ? "" : String(value);
  if (dimension.name === "product") names.set(`product:${text}`, label);
  const shown = dimension.name === "product" ? label : valueName(dimension.name, text);
  const item = button([name(shown), h("span", { class: "side number" }, format.short(sales, "money"))], () => {
    toggle(dimension.name, value);
    item.setAttribute("aria-pressed", String(chosen(dimension.name).includes(text)));
  }, { class: "choice", "aria-pressed": String(chosen(dimension.name).includes(text)) });
  return item;
}

/** The names of filtered products that were not seen yet, e.g. after a reload. */
export async function learnNames() {
  const unknown = chosen("product").filter((value) => !names.has(`product:${value}`));
  if (!unknown.length) return false;
  const answer = await ask("values/product", { where: unknown.map((value) => `product:${value}`) });
  for (const [value, label] of answer.rows) names.set(`product:${value}`, label);
  return true;
}

