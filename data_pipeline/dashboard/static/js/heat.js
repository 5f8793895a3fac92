// A heat map as a table: its cells are text that can be read aloud, and buttons where they filter.

import { h } from "./dom.js";

/** The colour of a share from 0 to 1, on a scale of two halves (one alone is grey in its middle), and ink to write on it. */
export function heatColour(share, colours) {
  const at = 2 * Math.min(1, Math.max(0, share));
  const [from, to] = (at < 1 ? ["heat-0", "heat-half"] : ["heat-half", "heat-1"]).map((token) => rgb(colours[token]));
  const mixed = from.map((part, place) => Math.round(part + (to[place] - part) * (at < 1 ? at : at - 1)));
  return { ground: `rgb(${mixed.join(" ")})`, ink: luminance(mixed) > 0.179 ? colours["cell-dark"] : colours["cell-light"] };
}

/**
 * rows: {label, extra, cells: [{text, share, title, where, pressed} or null]}; `columns` are the headings.
 */
export function heat({ corner, columns, rows, extra = null, colours, pick, label }) {
  const head = h("tr", {}, h("th", { scope: "col" }, corner), extra && h("th", { scope: "col", class: "size" }, extra), columns.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map((row) => h("tr", {},
    h("th", { scope: "row" }, row.label), extra && h("td", { class: "size" }, row.extra),
    row.cells.map((one) => h("td", {}, one && cell(one, colours, pick)))));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: "heat" }, h("caption", { class: "hidden" }, label), h("thead", {}, head), h("tbody", {}, body)));
}

function cell({ text, share, title, where, pressed }, colours, pick) {
  const { ground, ink } = heatColour(share, colours);
  const element = where
    ? h("button", { type: "button", title, "aria-label": title, "aria-pressed": String(Boolean(pressed)), onclick: () => pick(where) }, text)
    : h("span", { title }, text);
  element.style.background = ground;
  element.style.color = ink;
  return element;
}

function rgb(hex) {
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

function luminance(parts) {
  const [r, g, b] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
