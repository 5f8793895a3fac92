// The page as a whole: what is asked at the beginning, what is drawn again when the state changes.

import { ApiError, fetched, usedVersion, useVersion } from "./api.js";
import { loadLibrary, sweep } from "./chart.js";
import { makeContext } from "./context.js";
import { button, h } from "./dom.js";
import { closeExplanation, explain } from "./explain.js";
import { filterBar, learnNames } from "./filters.js";
import * as format from "./format.js";
import { behaviour } from "./pages/behaviour.js";
import { customers } from "./pages/customers.js";
import { overview } from "./pages/overview.js";
import { products } from "./pages/products.js";
import { quality } from "./pages/quality.js";
import { PAGES, current, go, onChange, write } from "./state.js";

const BUILD = { overview, products, customers, behaviour, quality };
const TITLES = { overview: "Overview", products: "Products", customers: "Customers", behaviour: "Behaviour", quality: "Quality" };
const STATE_EVERY_MS = 5000;
const at = (id) => document.getElementById(id);

let meta = null;
let page = null;

async function start() {
  try {
    const newest = await fetched("/api/meta");
    useVersion(newest.version);
    meta = newest;
    format.setCurrency(meta.currency);
    format.setRatios(meta.metrics.filter((metric) => metric.formula.includes(" / ")).map((metric) => metric.name));
    at("offer").replaceChildren();
    document.querySelector("main").replaceChildren();
    page = null;
    if (!meta.span && current().page !== "quality") return trouble("There are no sales yet", "The warehouse holds no sale.", "Put files into the raw directory and run 'sales run', or look at what became of the files that were read.", true);
    render();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    meta = null;
    trouble(HEADINGS[error.code] ?? "The warehouse can't be shown", error.message, error.remedy);
  }
}

const HEADINGS = {
  missing: "There is no warehouse yet", empty: "The warehouse is empty", locked: "The warehouse is in use",
  other_layout: "The warehouse is of another version", unreachable: "The warehouse can't be reached", no_token: "A token is needed",
};

/** A page that says what to do; it goes away by itself when the warehouse is there. */
function trouble(title, message, remedy, quality_ = false) {
  showPages();
  at("filters").replaceChildren();
  at("freshness").replaceChildren();
  page = null;
  document.title = title;
  at("main").replaceChildren(h("div", { class: "trouble" }, h("h1", {}, title), h("p", {}, message), remedy && h("p", {}, remedy),
    h("p", { class: "quiet" }, quality_ ? h("a", { href: "/quality" }, "Look at the quality page") : "This page looks again every few seconds.")));
}

function render({ pageTurned = false, restored = false } = {}) {
  if (!meta) return;
  const state = current();
  if (!meta.span && state.page !== "quality") return void start();
  showPages();
  showFreshness();
  showFilters();
  const context = makeContext(state, meta);
  document.title = `${TITLES[state.page]} – ${context.period ? format.span(context.period.since, context.period.until) : "Sales"}`;
  if (!page || page.called !== state.page) {
    page = { called: state.page, ...BUILD[state.page](meta) };
    at("main").replaceChildren(h("h1", { class: "hidden" }, TITLES[state.page]), ...page.elements);
    sweep();
    if (pageTurned && !restored) scrollTo(0, 0);
  }
  page.refresh(context);
  if (restored && !state.explain) closeExplanation();
}

function showPages() {
  const state = current();
  at("pages").replaceChildren(...PAGES.map((called) => h("a", {
    href: write({ ...state, page: called, table: [], explain: null, sort: null, search: null, more: null }), "aria-current": state.page === called ? "page" : null,
    onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      go({ page: called, table: [], explain: null, sort: null, search: null, more: null });
      at("main").focus({ preventScroll: true });
    },
  }, TITLES[called])));
}

function showFreshness() {
  at("freshness").replaceChildren(
    meta.span ? h("span", { class: "long", title: `Loaded ${format.time(meta.loaded_at)}` }, `Data to ${format.day(meta.span.last_day)}, loaded ${format.ago(meta.loaded_at)}`) : "",
    button(`Theme: ${themeName()}`, turnTheme, { class: "plain", title: "As the system has it, light or dark" }));
}

function showFilters() {
  const holder = at("filters");
  if (!meta.span) return holder.replaceChildren();
  // An open panel stays open while its choices change what is shown.
  const open = holder.querySelector(".panel:popover-open");
  if (open) {
    open.addEventListener("toggle", () => { if (meta) redrawFilters(holder); }, { once: true });
    return null;
  }
  return redrawFilters(holder);
}

function redrawFilters(holder) {
  const focused = holder.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("aria-label") : null;
  holder.replaceChildren(filterBar(meta));
  if (focused) ([...holder.querySelectorAll("button")].find((one) => one.id === focused || one.getAttribute("aria-label") === focused) ?? at("add-filter")).focus({ preventScroll: true });
  learnNames().then((learned) => { if (learned) showFilters(); }, () => {});
}

const THEMES = ["system", "light", "dark"];
const themeName = () => document.documentElement.dataset.theme ?? "system";

function turnTheme() {
  const next = THEMES[(THEMES.indexOf(themeName()) + 1) % THEMES.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* storage is switched off: for this visit only */ }
  render();
  at("freshness").querySelector("button").focus();
}

/** Looks whether a run has brought new data; offers them, and never mixes them in. */
async function watch() {
  if (document.hidden) return;
  try {
    const state = await fetched("/api/state");
    if (!meta) {
      if (state.state === "ready") await start();
    } else if (state.state === "ready" && state.version !== usedVersion()) offer(state);
  } catch { /* the next look tells */ }
}

function offer(state) {
  if (at("offer").dataset.version === state.version && at("offer").childElementCount) return;
  at("offer").dataset.version = state.version;
  at("offer").replaceChildren(h("div", { class: "offer", role: "status" }, "New data have been loaded.", button("Show them", start, { class: "solid" })));
}

loadLibrary().catch(() => {});
onChange((state, how) => render(how));
addEventListener("warehouse-changed", () => start());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => render());
setInterval(watch, STATE_EVERY_MS);
document.addEventListener("visibilitychange", watch);
start().then(() => {
  const { explain: metric } = current();
  const known = metric && meta?.metrics.find((one) => one.name === metric);
  if (known) explain({ ...makeContext(current(), meta).parameters(), metric }, known.label);
});
