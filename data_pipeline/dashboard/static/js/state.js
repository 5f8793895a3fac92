// What is looked at: page, period, comparison, filters, open tables. All of it stands in the URL.

import { addDays, addMonths, daysBetween, isDay, startOf } from "./days.js";

export const PAGES = ["overview", "products", "customers", "behaviour", "quality"];
export const GRAINS = ["day", "week", "month", "quarter", "year"];
export const COMPARISONS = ["previous", "year", "none", "custom"];
const WORDS = ["period", "since", "until", "compare", "compare_since", "compare_until", "metric", "measure", "grain", "place", "goods", "explain", "sort", "search", "more", "reason"];

export const PRESETS = [
  ["last_7_days", "Last 7 days"], ["last_30_days", "Last 30 days"], ["last_90_days", "Last 90 days"],
  ["this_month", "Latest month"], ["last_month", "Month before"], ["this_quarter", "Latest quarter"],
  ["this_year", "Latest year"], ["last_year", "Year before"], ["last_12_months", "Last 12 whole months"], ["all", "All days"],
];

const listeners = new Set();
let state = read(location);

/** The state that a URL means; what it cannot mean is left out. */
export function read(url) {
  const query = new URLSearchParams(url.search);
  const page = url.pathname.replaceAll("/", "") || "overview";
  const found = { page: PAGES.includes(page) ? page : "overview", where: [], table: query.getAll("table") };
  for (const word of WORDS) if (query.get(word)) found[word] = query.get(word);
  for (const pair of query.getAll("where")) {
    const cut = pair.indexOf(":");
    if (cut > 0) found.where.push([pair.slice(0, cut), pair.slice(cut + 1)]);
  }
  for (const word of ["since", "until", "compare_since", "compare_until"]) if (!isDay(found[word])) delete found[word];
  if (found.grain && !GRAINS.includes(found.grain)) delete found.grain;
  if (found.compare && !COMPARISONS.includes(found.compare)) delete found.compare;
  if (found.period && !PRESETS.some(([preset]) => preset === found.period)) delete found.period;
  return found;
}

/** The URL of a state; what is as it comes by itself is left out. */
export function write(of) {
  const query = new URLSearchParams();
  for (const word of WORDS) if (of[word]) query.set(word, of[word]);
  for (const [dimension, value] of of.where) query.append("where", `${dimension}:${value}`);
  for (const card of of.table) query.append("table", card);
  const text = query.toString();
  return `/${of.page === "overview" ? "" : of.page}${text ? `?${text}` : ""}`;
}

export const current = () => state;
export const onChange = (listener) => listeners.add(listener);

/** Changes parts of the state and the URL; `replace` leaves no step for the back button, `quiet` draws nothing anew. */
export function go(change, { replace = false, quiet = false } = {}) {
  const next = { ...state, ...change };
  for (const [word, value] of Object.entries(next)) if (value === null || value === undefined || value === "") delete next[word];
  if (write(next) === write(state)) return;
  const pageTurned = next.page !== state.page;
  state = next;
  history[replace ? "replaceState" : "pushState"](null, "", write(state));
  if (!quiet) for (const listener of listeners) listener(state, { pageTurned });
}

addEventListener("popstate", () => {
  const before = state;
  state = read(location);
  for (const listener of listeners) listener(state, { pageTurned: before.page !== state.page, restored: true });
});

/** First and last day of a preset, counted back from the last day of the data. */
export function preset(called, { first_day: first, last_day: last }) {
  const days = { last_7_days: 7, last_30_days: 30, last_90_days: 90 }[called];
  const back = (day) => (day < first ? first : day);
  if (days) return { since: back(addDays(last, 1 - days)), until: last };
  const grain = { this_month: "month", this_quarter: "quarter", this_year: "year" }[called];
  if (grain) return { since: back(startOf(last, grain)), until: last };
  if (called === "last_month" || called === "last_year") {
    const unit = called.slice(5);
    const until = addDays(startOf(last, unit), -1);
    return until < first ? { since: first, until: last } : { since: back(startOf(until, unit)), until };
  }
  if (called === "last_12_months") {
    const tomorrow = addDays(last, 1);
    const until = addDays(startOf(tomorrow, "month"), -1);
    return until < first ? { since: first, until: last } : { since: back(addMonths(startOf(until, "month"), -11)), until };
  }
  return { since: first, until: last };
}

/** The days that the state looks at, the data's own default when it names none. */
export function chosenPeriod(of, meta) {
  if (of.since && of.until && of.since <= of.until) return { since: of.since, until: of.until };
  return of.period ? preset(of.period, meta.span) : meta.default_period;
}

/** What asks the API for the chosen comparison. */
export function comparison(of) {
  const compare = of.compare ?? "previous";
  if (compare === "none") return {};
  if (compare !== "custom") return { compare };
  return of.compare_since && of.compare_until
    ? { compare, compare_since: of.compare_since, compare_until: of.compare_until }
    : { compare: "previous" };
}

/** Adds a filter, or takes it away when it is there. */
export function toggle(dimension, value) {
  const text = value === null ? "" : String(value);
  const there = state.where.some(([d, v]) => d === dimension && v === text);
  const where = there
    ? state.where.filter(([d, v]) => d !== dimension || v !== text)
    : [...state.where, [dimension, text]];
  go({ where });
}

/** The values of a dimension that are filtered on. */
export const chosen = (dimension) => state.where.filter(([d]) => d === dimension).map(([, value]) => value);

/** The days that a brush from one period to another means, inside what is looked at. */
export function narrowed(first, last, { since, until }) {
  const from = first < since ? since : first;
  const to = last > until ? until : last;
  return daysBetween(from, to) < 0 ? null : { since: from, until: to, period: null };
}
