// Elements from values. Text is only ever set as text: nothing from the data is parsed as HTML.

/** An element with properties and children; `on*` are listeners, null and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text that may come from the data: its direction is its own, whatever stands around it. */
export function name(text) {
  return h("bdi", {}, String(text));
}

/** Text for screen readers only. */
export function hidden(text) {
  return h("span", { class: "hidden" }, text);
}

export function button(label, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, label);
}

/** Offers the text or blob as a file. */
export function download(file, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Says something to screen readers without moving the focus. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** A button that opens `fill(panel, close)` in a panel below it; Esc and a click outside close it. */
export function menu(label, fill, properties = {}) {
  const panel = h("div", { class: "panel", popover: "auto", role: "dialog" });
  const close = () => panel.hidePopover();
  let wasOpen = false;
  const turn = () => {
    if (wasOpen || panel.matches(":popover-open")) return close();
    fill(panel, close);
    panel.setAttribute("aria-label", opener.getAttribute("aria-label") ?? opener.textContent);
    panel.showPopover();
    return place(panel, opener);
  };
  // A click on the opener has closed the panel from outside already; it must not open it again.
  const opener = button(label, () => { turn(); wasOpen = false; }, {
    "aria-haspopup": "dialog", "aria-expanded": "false", onpointerdown: () => { wasOpen = panel.matches(":popover-open"); }, ...properties,
  });
  panel.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") panel.replaceChildren();
  });
  return h("span", { class: "menu" }, opener, panel);
}

function place(panel, opener) {
  const at = opener.getBoundingClientRect();
  const width = panel.offsetWidth;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const below = innerHeight - at.bottom - 16;
  const top = below < Math.min(panel.scrollHeight, 320) && at.top > below ? Math.max(8, at.top - panel.offsetHeight - 4) : at.bottom + 4;
  panel.style.left = `${left}px`;
  panel.style.top = `${top}px`;
  panel.querySelector("[autofocus], input, button")?.focus({ preventScroll: true });
}
