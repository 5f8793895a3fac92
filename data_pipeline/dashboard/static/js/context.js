// What every card of a page is asked with: period, comparison and filters, as the state has them.

import { colours } from "./chart.js";
import { endOf, fittingGrain } from "./days.js";
import { valueName } from "./filters.js";
import * as format from "./format.js";
import { chosen, chosenPeriod, comparison, go, narrowed, toggle } from "./state.js";

export function makeContext(state, meta) {
  const period = meta.span ? chosenPeriod(state, meta) : null;
  const compare = comparison(state);
  const label = (called) => meta.dimensions.find((one) => one.name === called)?.label ?? called;
  const spoken = (where) => where.map(([dimension, value]) => `${label(dimension)}: ${valueName(dimension, value)}`).join(", ");
  const metrics = new Map(meta.metrics.map((metric) => [metric.name, metric]));
  return {
    state, meta, period, compare, label, colours, pick: (where) => toggle(...where), chosen,
    metric: (called) => metrics.get(called),
    has: (called) => metrics.has(called) && (!["gross_margin", "margin_rate"].includes(called) || meta.has.cost),
    grain: state.grain ?? (period ? fittingGrain(period.since, period.until) : "month"),
    filterText: spoken(state.where), spoken,
    /** Period and filters; a card that lists a dimension leaves its own filter out, to show what else there is. */
    parameters: ({ except = null } = {}) => ({
      since: period?.since, until: period?.until,
      where: state.where.filter(([dimension]) => dimension !== except).map(([dimension, value]) => `${dimension}:${value}`),
    }),
    /** Narrows the period to whole periods of a grain, from the one that begins at `first` to that at `last`. */
    zoom: (first, last, grain) => {
      const change = narrowed(first, endOf(last, grain), period);
      if (change) go({ ...change, grain: null });
    },
    comparedWith: (answered) => (answered ? format.span(answered.since, answered.until) : ""),
  };
}
