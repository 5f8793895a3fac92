// What all pages share: a grid of cards that are asked anew when the context changes.

import { Card } from "../card.js";
import { h } from "../dom.js";

/** The elements of a page and how it is brought up to date. `before` are parts over the grid. */
export function pageOf(specs, before = []) {
  const cards = specs.map((spec) => new Card(spec));
  return {
    elements: [...before.map((part) => part.element), h("div", { class: "grid" }, cards.map((card) => card.element))],
    refresh: (context) => {
      for (const part of before) part.refresh(context);
      for (const card of cards) {
        const hiddenBy = card.spec.unless?.(context) ?? false;
        card.element.hidden = hiddenBy;
        if (!hiddenBy) card.refresh(context);
      }
    },
  };
}

/** Buttons of which one is pressed. */
export function segments(label, choices, chosen, pick) {
  return h("div", { class: "segments", role: "group", "aria-label": label }, choices.map(([value, text]) => h("button", {
    type: "button", "aria-pressed": String(value === chosen), onclick: () => pick(value),
  }, text)));
}

/** The element of the chart in a card, the same one as before when it is there. */
export function chartHost(body, size = "") {
  return legendHost(body, [], size);
}

/** The same below a legend of [mark, colour, text, press or null, pressed]. */
export function legendHost(body, entries, size = "") {
  const host = body.querySelector(".chart") ?? h("div", { class: `chart ${size}` });
  const legend = entries.length ? h("div", { class: "legend" }, entries.map(entry)) : null;
  const known = body.querySelector(".legend");
  if (host.isConnected && known && legend) known.replaceWith(legend);
  else if (!host.isConnected || known || legend) body.replaceChildren(...[legend, host].filter(Boolean));
  return host;
}

function entry([mark, colour, text, press = null, pressed = false]) {
  const sign = h("span", { class: `mark ${mark} c-${colour}`, "aria-hidden": "true" });
  return press ? h("button", { type: "button", onclick: press, "aria-pressed": String(pressed) }, sign, text) : h("span", {}, sign, text);
}
