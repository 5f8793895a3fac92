// Whether the data can be trusted: the books, what was held back and why, what was repaired, and the runs.

import { address, ask } from "../api.js";
import { draw } from "../chart.js";
import { button, h } from "../dom.js";
import * as format from "../format.js";
import * as options from "../options.js";
import { go } from "../state.js";
import { column, records, table } from "../table.js";
import { chartHost, pageOf } from "./layout.js";

const EXAMPLES = 20;
const AT_FIRST = 15;
const part = (called) => ({ frame: (answer) => answer[called], request: () => ({ path: "quality", parameters: {} }) });

export function quality() {
  return pageOf([balance, quarantine, repairs, runs, files]);
}

const balance = {
  ...part("balance"),
  id: "balance",
  width: "w12",
  title: "The books",
  empty: (answer) => (answer.balance.rows.length ? null : "No file has been read yet."),
  sub: (answer) => `${answer.balanced ? "They balance" : "They do not balance"}: rows read = loaded + exact duplicates + in quarantine, for all data, whatever the filters. ${freshness(answer)}`,
};

function freshness({ loaded_at: loaded, first_sale: first, last_sale: last }) {
  const sales = last ? `Sales from ${format.day(first)} to ${format.day(last)}` : "No sales";
  return loaded ? `${sales}; loaded ${format.ago(loaded)} (${format.time(loaded)})` : sales;
}

const quarantine = {
  ...part("quarantine"),
  id: "quarantine",
  width: "w8",
  title: "In quarantine",
  empty: (answer) => (answer.quarantine.rows.length ? null : "Nothing: every row that was read is in the warehouse."),
  sub: () => "Rows that were not loaded, by reason",
  hint: "Click on one for examples",
  tableOptions: (answer, context) => {
    const [tables, reasons] = ["source_table", "reason"].map((called) => answer.quarantine.fields.findIndex(({ name }) => name === called));
    const key = (row) => `${row[tables]}:${row[reasons]}`;
    return {
      filter: (row) => ({ column: "reason", where: key(row) }), chosen: (row) => context.state.reason === key(row),
      pick: ({ where }) => go({ reason: context.state.reason === where ? null : where }),
      limit: AT_FIRST, wide: ["description"], after: context.state.reason && examples(context.state.reason),
    };
  },
};

/** The first rows of a reason as they came, and all of them as a file. */
function examples(wanted) {
  const cut = wanted.indexOf(":");
  const parameters = { table: wanted.slice(0, cut), reason: wanted.slice(cut + 1) };
  const place = h("div", {}, h("p", { class: "quiet" }, "Reading examples …"));
  ask("quarantine", { ...parameters, limit: EXAMPLES }).then((answer) => {
    const dropped = ["source_table", "reason", "run_id"];
    const kept = answer.fields.flatMap(({ name }, index) => (dropped.includes(name) ? [] : [index]));
    const frame = { fields: kept.map((index) => answer.fields[index]), rows: answer.rows.map((row) => kept.map((index) => row[index])) };
    place.replaceChildren(
      h("p", { class: "sub" }, `${format.full(Math.min(EXAMPLES, answer.row_count), "count")} of ${format.full(answer.row_count, "count")}, as they came. `,
        h("a", { href: address("quarantine.csv", parameters), download: "" }, "All of them as CSV"), " ", button("Close", () => go({ reason: null }), { class: "plain" })),
      table(frame, { caption: `Examples: ${parameters.reason} in ${parameters.table}` }));
  }, (error) => place.replaceChildren(h("p", { role: "alert" }, error.message)));
  return h("section", { class: "examples", "aria-label": `Examples of ${parameters.reason}` }, h("h3", {}, `${parameters.table}: ${parameters.reason}`), place);
}

const repairs = {
  ...part("repairs"),
  id: "repairs",
  width: "w4",
  title: "Repaired",
  empty: (answer) => (answer.repairs.rows.length ? null : "Nothing had to be repaired."),
  sub: () => "Values changed by a named rule; the rows are loaded",
  tableOptions: () => ({ limit: AT_FIRST }),
};

const runs = {
  ...part("runs"),
  id: "runs",
  width: "w12",
  title: "Runs",
  drawnIf: (answer) => answer.runs.rows.length > 1,
  empty: (answer) => (answer.runs.rows.length ? null : "There was no run yet."),
  sub: (answer) => (answer.runs.rows.length === 1 ? "One run so far" : `Rows read by the last ${format.full(answer.runs.rows.length, "count")} runs; orange: quarantined`),
  draw: (body, answer, context) => {
    const tones = context.colours();
    const rows = records(answer.runs).toReversed();
    const kept = rows.map((row) => row.rows_read - row.rows_quarantined);
    const option = options.columns(tones, {
      axis: options.categoryAxis(tones, rows.map((row) => String(row.run_id))),
      stacks: [{ name: "Other rows", colour: tones.blue, values: kept }, { name: "Quarantined", colour: tones.orange, values: column({ fields: answer.runs.fields, rows: answer.runs.rows.toReversed() }, "rows_quarantined") }],
      kind: "count",
      tipOf: (index) => options.tip(`Run ${rows[index].run_id}: ${rows[index].kind}, ${rows[index].status}`, [
        ["Started", format.time(rows[index].started_at)], ["Seconds", format.full(rows[index].seconds, "number")], ["Files", format.full(rows[index].files, "count")],
        ["Rows read", format.full(rows[index].rows_read, "count")], ["Loaded", format.full(rows[index].rows_loaded, "count")], ["Quarantined", format.full(rows[index].rows_quarantined, "count")],
      ]),
    });
    return draw(chartHost(body, "low"), option, { label: "Bars of rows read by run, and of them the quarantined. The table has all values." });
  },
};

const files = {
  ...part("files"),
  id: "files",
  width: "w12",
  title: "The ledger by file",
  empty: (answer) => (answer.files.rows.length ? null : "No file has been read yet."),
  sub: (answer) => `${format.full(answer.files.rows.length, "count")} files, over all runs`,
};
