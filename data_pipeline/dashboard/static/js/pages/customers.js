// Who buys: new and returning, whether they come back, what they are worth, where they are.

import { bars } from "../bars.js";
import { draw } from "../chart.js";
import { daysBetween } from "../days.js";
import * as format from "../format.js";
import { heat, heatColour } from "../heat.js";
import * as options from "../options.js";
import { barsPicture, heatPicture } from "../picture.js";
import { go } from "../state.js";
import { column, records } from "../table.js";
import { breakdown } from "./breakdown.js";
import { concentration } from "./concentration.js";
import { chartHost, legendHost, pageOf, segments } from "./layout.js";

const LONGEST_DAYS = 366;
const FEW_DAYS = 150;

export function customers() {
  return pageOf([newAndReturning, cohorts, segmentsOfCustomers, intervals, byPlace, byDomain, ages, concentration("customer")]);
}

const GRAINS = [["week", "Week"], ["month", "Month"], ["quarter", "Quarter"]];
const grain = ({ state, period }) => (GRAINS.some(([called]) => called === state.grain) ? state.grain : daysBetween(period.since, period.until) < FEW_DAYS ? "week" : "month");
const KINDS = [["New", "new_sales", "orange"], ["Returning", "returning_sales", "blue"], ["Guest", "guest_sales", "faint"]];

const newAndReturning = {
  id: "new_returning",
  width: "w12",
  title: "Net sales to new and returning customers",
  controls: (context) => segments("Grain", GRAINS, grain(context), (value) => go({ grain: value })),
  request: (context) => ({ path: "analyses/new_returning", parameters: { ...context.parameters({ except: "new_or_returning" }), grain: grain(context) } }),
  empty: (answer) => (answer.frames.new_returning.rows.length ? null : "Nothing was sold in these days."),
  sub: (answer, context) => `By ${grain(context)}. New: on the day of a customer's first sale ever`,
  draw: (body, answer, context) => {
    const rows = records(answer.frames.new_returning);
    const tones = context.colours();
    const picked = context.chosen("new_or_returning");
    const host = legendHost(body, KINDS.map(([kind, , colour]) => ["box", colour, kind, () => context.pick(["new_or_returning", kind]), picked.includes(kind)]));
    const days = rows.map((row) => row[grain(context)]);
    const axis = options.timeAxis(tones, days, grain(context), { boundaryGap: true });
    const stacks = KINDS.filter(([kind]) => !picked.length || picked.includes(kind)).map(([name, field, colour]) => ({ name, colour: tones[colour], values: rows.map((row) => row[field]) }));
    const tipOf = (index) => options.tip(format.period(days[index], grain(context)), [
      ...KINDS.map(([kind, field]) => [kind, format.full(rows[index][field], "money")]),
      ["New customers", format.full(rows[index].new_customers, "count")], ["Returning customers", format.full(rows[index].returning_customers, "count")],
    ]);
    return draw(host, options.columns(tones, { axis, stacks, kind: "money", tipOf }), {
      label: `Stacked bars of net sales to new customers, returning customers and guests. The table has all values. Arrow keys go from one ${grain(context)} to the next, with Shift over several; Enter looks closer.`,
      points: days.map((day, index) => `${format.period(day, grain(context))}: ${KINDS.map(([kind, field]) => `${kind} ${format.full(rows[index][field], "money")}`).join(", ")}`),
      brush: (first, last) => context.zoom(days[Math.max(0, first)], days[Math.min(days.length - 1, last)], grain(context)),
      pick: ({ dataIndex, seriesName }) => (seriesName ? context.pick(["new_or_returning", seriesName]) : context.zoom(days[dataIndex], days[dataIndex], grain(context))),
    });
  },
  frame: (answer) => answer.frames.new_returning,
  tableOptions: (answer, context) => ({ filter: (row) => ({ column: grain(context), where: row[0] }), pick: ({ where }) => context.zoom(where, where, grain(context)) }),
  explain: (context) => ({ ...context.parameters(), analysis: "new_returning" }),
};

function cohortCells(answer, context) {
  const rows = records(answer.frames.cohorts);
  const months = [...new Set(rows.map((row) => row.cohort))].sort();
  const longest = Math.max(0, ...rows.map((row) => row.months_since));
  const most = Math.max(...rows.filter((row) => row.months_since > 0).map((row) => Number(row.retention)), 0.01);
  const picked = context.chosen("cohort");
  const columns = Array.from({ length: longest }, (_, place) => String(place + 1));
  const lines = months.map((cohort) => {
    const of = new Map(rows.filter((row) => row.cohort === cohort).map((row) => [row.months_since, row]));
    return {
      label: format.month(cohort), extra: format.full(of.get(0)?.customers ?? null, "count"),
      cells: columns.map((text) => {
        const row = of.get(Number(text));
        return row ? {
          text: format.percent(row.retention, 0), share: Number(row.retention) / most, where: ["cohort", cohort], pressed: picked.includes(cohort),
          title: `${format.percent(row.retention, 0)}: first bought in ${format.month(cohort)}; ${text} ${text === "1" ? "month" : "months"} later ${format.full(row.customers, "count")} bought again`,
        } : null;
      }),
    };
  });
  return { columns, rows: lines.filter(({ cells }) => cells.some(Boolean)) };
}

const cohorts = {
  id: "cohorts",
  width: "w12",
  title: "Who comes back: customers by the month of their first sale",
  request: (context) => ({ path: "analyses/cohorts", parameters: context.parameters({ except: "cohort" }) }),
  empty: (answer) => (answer.frames.cohorts.rows.some((row) => row[1] > 0) ? null : "It takes two whole months of sales at least to see who comes back."),
  sub: () => "Share of a month's new customers who bought again so many months later",
  hint: "A click filters by that month's customers",
  draw: (body, answer, context) => body.replaceChildren(heat({
    ...cohortCells(answer, context), corner: "First sale", extra: "Customers", colours: context.colours(), pick: context.pick, label: "Retention by cohort and months since the first sale",
  })),
  frame: (answer) => answer.frames.cohorts,
  picture: (answer, context, tones) => heatPicture({ ...cohortCells(answer, context), colours: tones, colourOf: heatColour }),
  explain: (context) => ({ ...context.parameters(), analysis: "cohorts" }),
};

const listed = (answer) => records(answer.frames.segments).map((row) => ({
  label: row.action ? `${row.segment}: ${row.action}` : row.segment, size: Number(row.net_sales), amount: format.short(row.net_sales, "money"), side: format.short(row.customers, "count"),
}));
const segmentsOfCustomers = {
  id: "rfm",
  width: "w6",
  title: "Segments by recency and frequency",
  request: (context) => ({ path: "analyses/rfm", parameters: context.parameters() }),
  empty: (answer) => (answer.frames.segments.rows.length ? null : "No customer with a sale: all sales are guests'."),
  sub: (answer) => `Net sales and number of customers of ${format.full(answer.facts.customers, "count")}`,
  draw: (body, answer) => body.replaceChildren(bars(listed(answer), { label: "Segments of customers" })),
  frame: (answer) => answer.frames.segments,
  picture: (answer, context, tones) => barsPicture(listed(answer), tones),
  explain: (context) => ({ ...context.parameters(), analysis: "rfm" }),
};

const intervals = {
  id: "intervals",
  width: "w6",
  title: "Time until the next purchase",
  request: (context) => ({ path: "analyses/repeat_intervals", parameters: context.parameters() }),
  empty: (answer) => (answer.frames.intervals.rows.length ? null : "Nobody has bought twice in these days."),
  sub: (answer) => `Half of ${format.full(answer.facts.purchases, "count")} repeat purchases come within ${format.full(answer.facts.median_days, "count")} days; a bar a week`,
  draw: (body, answer, context) => drawIntervals(chartHost(body), answer, context),
  frame: (answer) => answer.frames.intervals,
  explain: (context) => ({ ...context.parameters(), analysis: "repeat_intervals" }),
};

/** Purchases by weeks, so that the rhythm of the weekdays does not hide the shape. */
function drawIntervals(host, answer, context) {
  const tones = context.colours();
  const days = column(answer.frames.intervals, "days");
  const counts = column(answer.frames.intervals, "purchases");
  const longest = Math.min(LONGEST_DAYS, Math.max(...days));
  const width = 7;
  const bins = Array.from({ length: Math.floor(longest / width) + 1 }, () => 0);
  let later = 0;
  days.forEach((day, index) => { if (day > longest) later += counts[index]; else bins[Math.floor(day / width)] += counts[index]; });
  const labels = bins.map((_, index) => String(index));
  const range = (index) => `${index * width} to ${(index + 1) * width - 1} days`;
  const axis = options.categoryAxis(tones, labels, { axisLabel: { interval: (index) => index % 4 === 0, formatter: (week) => `${week} w` } });
  const option = options.columns(tones, {
    axis, stacks: [{ name: "Purchases", colour: tones.blue, values: bins }], kind: "count",
    tipOf: (index) => options.tip(range(index), [["Purchases", format.full(bins[index], "count")]]),
  });
  return draw(host, option, { label: `Bars of repeat purchases by days since the purchase before; half come within ${answer.facts.median_days} days${later ? `; ${later} later than ${longest} days are not drawn` : ""}` });
}

const PLACES = [["country", "Country"], ["location", "Location"]];
const place = (context) => (context.state.place === "location" ? "location" : "country");
const byPlace = breakdown({
  id: "customers_by_place", title: "Customers by place", by: place, metric: () => "customers",
  controls: (context) => segments("Places", PLACES, place(context), (value) => go({ place: value === "country" ? null : value })),
});
const byDomain = breakdown({
  id: "mail_domains", title: "Customers by mail domain", by: () => "mail_domain", metric: () => "customers",
  empty: (answer) => (answer.rows.some(([domain]) => domain !== "Unknown") ? null : answer.rows.length ? "No customer's mail address is known." : "Nothing was sold in these days."),
});

const aged = (answer) => records(answer.frames.ages).map((row) => ({
  label: row.age_group, size: Number(row.net_sales), amount: format.short(row.net_sales, "money"), side: format.short(row.customers, "count"),
}));
const ages = {
  id: "ages",
  width: "w4",
  title: "Age groups",
  request: (context) => ({ path: "analyses/age_groups", parameters: context.parameters() }),
  empty: (answer, context) => (!context.meta.has.birth_year ? "No year of birth is known: give customers a column “birth_year” to see their ages." : answer.frames.ages.rows.length ? null : "No customer with a sale in these days."),
  sub: (answer) => `Net sales and number of customers; age reached in ${answer.facts.in_year}`,
  draw: (body, answer) => body.replaceChildren(bars(aged(answer), { label: "Net sales by age group" })),
  frame: (answer) => answer.frames.ages,
  picture: (answer, context, tones) => barsPicture(aged(answer), tones),
  explain: (context) => ({ ...context.parameters(), analysis: "age_groups" }),
};
