// Numbers, days and money as the browser's locale writes them. Exact decimals come as text and stay
// text: Intl formats the digits themselves, no float in between.

const locales = () => (navigator.languages?.length ? [...navigator.languages] : [navigator.language]);
const CODES = { $: "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR" };
const made = new Map();
let sign = "";
let ratios = new Set();

export const NOTHING = "–";

/** The sign or the code of the currency in the settings; may be empty. */
export function setCurrency(currency) {
  sign = (currency ?? "").trim();
  made.clear();
}

/** The metrics that are a quotient: they were rounded already, and are shown to the cent. */
export function setRatios(metrics) {
  ratios = new Set(metrics);
}

/** How many decimals the amounts of a column have, two at least: so that they stand one below the other. */
export function places(values, called) {
  if (ratios.has(called)) return { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const longest = values.reduce((most, value) => Math.max(most, decimals(value)), 2);
  return { minimumFractionDigits: longest, maximumFractionDigits: longest };
}

const decimals = (value) => (value === null || value === undefined ? 0 : (String(value).split(".")[1] ?? "").replace(/0+$/, "").length);

export const money = withCurrency;

function formatter(options) {
  const key = JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.NumberFormat(locales(), options));
  return made.get(key);
}

function withCurrency(value, options) {
  const code = CODES[sign] ?? (/^[A-Z]{3}$/.test(sign) ? sign : null);
  if (code) return formatter({ style: "currency", currency: code, currencyDisplay: "narrowSymbol", ...options }).format(value);
  const text = formatter(options).format(value);
  if (!sign) return text;
  return /^[-−]/.test(text) ? text[0] + sign + text.slice(1) : sign + text;
}

/** A value in full. Money shows every digit that is not 0 behind the cents. */
export function full(value, kind) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (kind === "money") return withCurrency(value, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
  if (kind === "count") return formatter({ maximumFractionDigits: 0 }).format(value);
  if (kind === "share") return percent(value);
  if (kind === "number") return formatter({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
  if (kind === "day") return day(value);
  if (kind === "time") return time(value);
  return String(value);
}

/** A value for a card: money to the cent, which a ratio never has exactly. */
export function headline(value, kind) {
  if (value === null || value === undefined) return NOTHING;
  if (kind !== "money") return full(value, kind);
  return withCurrency(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A value in three digits, for labels beside a bar. */
export function short(value, kind = "count") {
  if (value === null || value === undefined) return NOTHING;
  if (kind === "share") return percent(value);
  if (kind === "day") return day(value);
  const size = Math.abs(Number(value));
  const options = size >= (kind === "count" ? 100_000 : 1000)
    ? { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 }
    : { minimumFractionDigits: kind === "count" ? 0 : 2, maximumFractionDigits: kind === "count" ? 0 : 2 };
  return kind === "money" ? withCurrency(value, options) : formatter(options).format(value);
}

/** A value on an axis, as short as it can be. */
export function tick(value, kind) {
  if (kind === "share") return formatter({ style: "percent", maximumFractionDigits: Math.abs(value) < 0.05 && value ? 1 : 0 }).format(value);
  const small = kind === "money" && Number(value) !== 0 && Math.abs(value) < 1;
  const options = { notation: "compact", maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1, minimumFractionDigits: small ? 2 : 0 };
  return kind === "money" ? withCurrency(value, options) : formatter(options).format(value);
}

/** A share; small ones with as many places as it takes to see a digit, three at most. */
export function percent(value, places = null) {
  const size = Math.abs(Number(value));
  places ??= size === 0 || size >= 0.00095 ? 1 : size >= 0.000095 ? 2 : 3;
  return formatter({ style: "percent", minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

/** The change in percent with its sign (of shares in points), as number and text; null when there is nothing to compare with. */
export function change(now, before, kind) {
  if (now === null || before === null || now === undefined || before === undefined) return null;
  const [is, was] = [Number(now), Number(before)];
  if (kind === "share") {
    const points = (is - was) * 100;
    return { points, text: `${signed(points)} pts` };
  }
  if (was <= 0) return null;
  const ratio = (is - was) / was;
  if (ratio > 9.995) return { points: ratio * 100, text: `×${formatter({ maximumFractionDigits: 0 }).format(is / was)}` };
  const text = formatter({ style: "percent", signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ratio);
  return { points: ratio * 100, text };
}

function signed(value) {
  return formatter({ signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}

const date = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);

function dated(text, options) {
  const key = `d${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locales(), { timeZone: "UTC", ...options }));
  return made.get(key).format(typeof text === "string" ? date(text) : text);
}

export function day(text) {
  return dated(text, { day: "numeric", month: "short", year: "numeric" });
}

export function shortDay(text) {
  return dated(text, { day: "numeric", month: "short" });
}

export function month(text, { year = true } = {}) {
  return dated(text, year ? { month: "short", year: "numeric" } : { month: "short" });
}

/** A period of a grain, as a tooltip names it. */
export function period(text, grain) {
  if (grain === "month") return dated(text, { month: "long", year: "numeric" });
  if (grain === "quarter") return `Q${Math.floor(date(text).getUTCMonth() / 3) + 1} ${text.slice(0, 4)}`;
  if (grain === "year") return text.slice(0, 4);
  if (grain === "week") return `Week of ${day(text)}`;
  return dated(text, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
}

/** From first to last day, the year once when it is the same. */
export function span(first, last) {
  if (first === last) return day(first);
  const options = { day: "numeric", month: "short", year: "numeric" };
  const key = "range";
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locales(), { timeZone: "UTC", ...options }));
  return made.get(key).formatRange(date(first), date(last));
}

/** Monday, Tuesday, ... of 1, 2, ... */
export function weekday(number, style = "short") {
  return dated(new Date(Date.UTC(2024, 0, Number(number))), { weekday: style });
}

/** A moment that was written in UTC, in the browser's own zone. */
export function time(text) {
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text.replace(" ", "T")}Z`;
  return new Intl.DateTimeFormat(locales(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(zoned));
}

/** "2 hours ago". */
export function ago(text) {
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text.replace(" ", "T")}Z`;
  const seconds = (new Date(zoned) - Date.now()) / 1000;
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(locales(), { numeric: "auto" });
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(0, "minute") === "this minute" ? "just now" : relative.format(0, "minute");
}
