// The headline figures: what they are now, and against the period before and the year before.

import { ApiError, ask, compute } from "../api.js";
import { announce, button, h } from "../dom.js";
import { explain } from "../explain.js";
import * as format from "../format.js";
import { go } from "../state.js";
import { tone } from "./breakdown.js";

const TILES = 8;

/** What is not whole: the period itself, or one that it is compared with. */
function notes({ period, before, year_before: year }) {
  const part = [before, year].filter((one) => one?.complete === false).map((one) => one.note || `Not all days from ${format.span(one.since, one.until)} have data`);
  return [period?.complete === false && period.note, part.length > 0 && `* ${[...new Set(part)].join("; ")}`].filter(Boolean).join(". ");
}

/** The strip of figures; a click on one draws it over time. */
export function tiles() {
  const holder = h("div", { class: "tiles" });
  const note = h("p", { class: "notice", role: "status" });
  const element = h("section", { "aria-label": "Headline figures" }, note, holder);
  let turn = 0;
  let said = "";
  return {
    element,
    async refresh(context) {
      const mine = ++turn;
      holder.setAttribute("aria-busy", "true");
      try {
        const parts = await askFor(context);
        if (mine !== turn) return;
        const whole = parts.find(({ answer }) => !answer.state)?.answer;
        note.textContent = whole ? notes(whole) : "";
        const focused = [...holder.querySelectorAll("button")].indexOf(document.activeElement);
        holder.replaceChildren(...parts.flatMap((part) => drawn(part, context, () => mine === turn)));
        if (focused >= 0) holder.querySelectorAll("button")[focused]?.focus({ preventScroll: true });
        if (whole) said = announced(said, whole.headlines[0], context);
      } catch (error) {
        if (mine !== turn) return;
        if (error instanceof ApiError && (error.code === "version_gone" || error.status === 503)) dispatchEvent(new CustomEvent("warehouse-changed"));
        holder.replaceChildren(h("p", { class: "tile", role: "alert" }, error.message));
      } finally {
        if (mine === turn) holder.setAttribute("aria-busy", "false");
      }
    },
  };
}

/** All figures at once; when that would take long, one by one: the quick ones come, the others are offered. */
async function askFor(context) {
  const compare = context.compare.compare === "custom" ? context.compare : {};
  const asked = { ...context.parameters(), ...compare, spark: 0, metric: headlines(context.meta) };
  const answer = await ask("headlines", asked);
  if (!answer.state) return [{ asked, answer }];
  return Promise.all(asked.metric.map(async (metric) => ({ asked: { ...asked, metric }, answer: await ask("headlines", { ...asked, metric }) })));
}

const drawn = ({ asked, answer }, context, isWanted) => (answer.state ? [offered(asked, answer, context, isWanted)] : answer.headlines.map((one) => tile(one, answer, context)));

/** A figure that takes long: it is computed after a click that says so. */
function offered(asked, { state, message }, context, isWanted) {
  const { label } = context.metric(asked.metric);
  const body = h("div", {});
  const element = h("div", { class: "tile" }, h("h2", {}, label), body);
  const start = async () => {
    const bar = h("progress", { max: "1", value: "0", "aria-label": `Progress: ${label}` });
    body.replaceChildren(bar);
    try {
      const answer = await compute("headlines", asked, (progress) => { bar.value = progress ?? 0; });
      if (isWanted()) element.replaceWith(tile(answer.headlines[0], answer, context));
    } catch (error) {
      body.replaceChildren(h("p", { class: "sub", role: "alert" }, error.message));
    }
  };
  if (state === "running") start();
  else body.replaceChildren(h("p", { class: "sub" }, message), button("Compute it", start, { class: "plain", "aria-label": `Compute it: ${label}` }));
  return element;
}

/** Tells those who don't see it what a change of filters made of the first figure. */
function announced(before, one, { filterText }) {
  const now = `${filterText || "No filters"}; ${one.label} ${format.headline(one.now, one.kind)}`;
  if (before && before !== now) announce(now);
  return now;
}

/** What the server shows; without any known cost another figure stands in for the margin. */
function headlines(meta) {
  const known = meta.headlines.filter((called) => meta.has.cost || called !== "margin_rate");
  return known.length < TILES && !known.includes("units_per_order") ? [...known, "units_per_order"] : known;
}

function tile(one, answer, context) {
  const picked = (context.state.metric ?? "net_sales") === one.metric;
  const label = h("h2", {}, one.label, button("?", () => explain({ ...context.parameters(), metric: one.metric }, one.label), { class: "plain", "aria-label": `Explain: ${one.label}` }));
  const text = format.headline(one.now, one.kind);
  const exact = format.full(one.now, one.kind);
  const value = button(text, () => go({ metric: one.metric === "net_sales" ? null : one.metric }), {
    class: "pick", "aria-pressed": String(picked), title: exact === text ? "Show over time" : exact, dataset: { metric: one.metric, exact: one.now ?? "" }, "aria-label": `${one.label}: ${text}. Show over time`,
  });
  return h("div", { class: "tile" }, label, value, h("dl", {}, comparisons(one, answer, context)));
}

/** The lines under a figure: the two periods are one line where they are the same days. */
function comparisons(one, { before, year_before: year }, { meta, state }) {
  if (!before && !year) return h("dd", { class: "whole" }, `no data before ${format.day(meta.span.first_day)}`);
  const custom = state.compare === "custom" && before;
  const same = before && year && before.since === year.since && before.until === year.until;
  return [
    !same && compared(custom ? "Then" : "Before", one.now, one.before, one, before),
    compared("Year before", one.now, one.year_before, one, year),
  ];
}

function compared(label, now, then, { kind, better }, period) {
  if (!period) return [h("dt", {}, label), h("dd", { title: "Before the data begin" }, "no data")];
  const moved = format.change(now, then, kind);
  const about = `${format.span(period.since, period.until)}: ${format.full(then, kind)}${period.complete === false ? ` (${period.note || "not all of these days have data"})` : ""}`;
  const mark = period.complete === false && moved ? "*" : "";
  return [h("dt", { title: about }, label), h("dd", { title: about }, h("span", { class: `moved ${moved ? tone(moved.points, better) : ""}` }, (moved?.text ?? format.NOTHING) + mark), then !== null && then !== undefined && h("span", { class: "then" }, format.short(then, kind)))];
}
