// A ranking as bars in a list: each a button, its label cut only on the screen, never in its name.

import { button, h, name } from "./dom.js";

/**
 * items: {label, size (a number), amount (text), side (text), tone, where [dimension, value] or null, pressed, spoken}.
 * `pick(where)` hears clicks; `others` is a last line without bar.
 */
export function bars(items, { pick, others = null, label }) {
  const most = Math.max(...items.map(({ size }) => Math.abs(size)), 0) || 1;
  return h("ul", { class: "bars", "aria-label": label },
    items.map((item) => h("li", {}, bar(item, most, pick))),
    others && h("li", { class: "others" }, h("div", { class: "bar-row" }, h("span", { class: "track" }, h("span", { class: "label" }, others.label)), h("span", { class: "amount" }, others.amount), h("span", { class: "side" }))));
}

function bar(item, most, pick) {
  const fill = h("span", { class: item.size < 0 ? "fill minus" : "fill", "aria-hidden": "true" });
  fill.style.width = `${(Math.abs(item.size) / most) * 100}%`;
  const parts = [
    h("span", { class: "track" }, fill, h("span", { class: "label", title: item.label }, name(item.label))),
    h("span", { class: "amount" }, item.amount), h("span", { class: `side ${item.tone ?? ""}` }, item.side ?? ""),
  ];
  if (!item.where) return h("div", { class: "bar-row" }, parts);
  return button(parts, () => pick(item.where), { "aria-pressed": String(Boolean(item.pressed)) });
}
