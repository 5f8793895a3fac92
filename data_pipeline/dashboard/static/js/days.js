// Days as text (2025-03-07), and what is counted with them. All in UTC, so no clock change can lose a day.

const DAY_MS = 86_400_000;
const at = (day) => Date.parse(`${day}T00:00:00Z`);
const text = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 10);

export const isDay = (value) => /^\d{4}-\d{2}-\d{2}$/.test(value ?? "") && !Number.isNaN(at(value)) && text(at(value)) === value;
export const addDays = (day, count) => text(at(day) + count * DAY_MS);
export const daysBetween = (first, last) => Math.round((at(last) - at(first)) / DAY_MS);

export function addMonths(day, count) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + count + 1, 0)).getUTCDate();
  return text(Date.UTC(year, month - 1 + count, Math.min(date, last)));
}

/** The first day of the day, week, month, quarter or year in which `day` lies. */
export function startOf(day, grain) {
  const [year, month] = day.split("-").map(Number);
  if (grain === "week") return addDays(day, -((new Date(at(day)).getUTCDay() + 6) % 7));
  if (grain === "month") return `${day.slice(0, 7)}-01`;
  if (grain === "quarter") return text(Date.UTC(year, month - 1 - ((month - 1) % 3), 1));
  if (grain === "year") return `${day.slice(0, 4)}-01-01`;
  return day;
}

/** The first day of the period after the one that begins on `start`. */
export function next(start, grain) {
  if (grain === "day") return addDays(start, 1);
  if (grain === "week") return addDays(start, 7);
  return addMonths(start, { month: 1, quarter: 3, year: 12 }[grain]);
}

export const endOf = (day, grain) => addDays(next(startOf(day, grain), grain), -1);

/** Every period of the grain from the one of `since` to the one of `until`. */
export function periods(since, until, grain) {
  const found = [];
  for (let start = startOf(since, grain); start <= until; start = next(start, grain)) found.push(start);
  return found;
}

/** Day, week, month or quarter, so that a line has some ten to some hundred points. */
export function fittingGrain(since, until) {
  const days = daysBetween(since, until) + 1;
  if (days <= 45) return "day";
  if (days <= 400) return "week";
  return days <= 4000 ? "month" : "quarter";
}
