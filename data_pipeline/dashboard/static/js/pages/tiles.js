// The headline figures: what they are now, and against the period before and the year before.

import { ApiError, ask } from "../api.js";
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
      const compare = context.compare.compare === "custom" ? context.compare : {};
      try {
        const answer = await ask("headlines", { ...context.parameters(), ...compare, metric: headlines(context.meta) });
        if (mine !== turn) return;
        note.textContent = notes(answer);
        const now = `${context.filterText || "No filters"}; ${answer.headlines[0].label} ${format.headline(answer.headlines[0].now, answer.headlines[0].kind)}`;
        if (said && said !== now) announce(now);
        said = now;
        const focused = [...holder.querySelectorAll("button")].indexOf(document.activeElement);
        holder.replaceChildren(...answer.headlines.map((one) => tile(one, answer, context)));
        if (focused >= 0) holder.querySelectorAll("button")[focused]?.focus({ preventScroll: true });
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
  return [h("dt", { title: about }, label), h("dd", { title: about }, h("span", { class: moved ? tone(moved.points, better) : "" }, (moved?.text ?? format.NOTHING) + mark), then !== null && then !== undefined && h("span", { class: "then" }, ` ${format.short(then, kind)}`))];
}
