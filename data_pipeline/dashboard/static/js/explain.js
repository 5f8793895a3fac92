// Where a number comes from: definition, SQL, source, checks, and the rows behind it.

import { address, ask, compute } from "./api.js";
import { button, h, name } from "./dom.js";
import { valueName } from "./filters.js";
import * as format from "./format.js";
import { current, go } from "./state.js";
import { table, written } from "./table.js";

const ROWS_A_PAGE = 50;
const SHARE_PLACES = 4;
const FIRST = ["transaction_id", "time", "product", "quantity", "price", "total_sales"];
let dialog = null;
let wanted = 0;

/** Opens the explanation; `parameters` are those of /api/explain. The metric stands in the URL. */
export async function explain(parameters, title) {
  const turn = ++wanted;
  const panel = opened();
  const close = button("Close", () => panel.close(), { class: "control-plain plain" });
  const body = h("div", {}, h("p", { class: "quiet" }, "Asking …"));
  panel.replaceChildren(h("div", { class: "explanation" }, h("header", {}, h("h2", { id: "explained" }, title), close), body));
  if (parameters.metric && !parameters.by) go({ explain: parameters.metric }, { replace: true, quiet: true });
  try {
    const answer = await answered("explain", parameters, body);
    if (turn === wanted) body.replaceChildren(...sections(answer, parameters));
  } catch (error) {
    if (turn === wanted) body.replaceChildren(h("p", { role: "alert" }, error.message), h("p", {}, error.remedy ?? ""));
  }
}

/** The answer; when it takes long, after a click in `place` that says so. */
async function answered(path, parameters, place) {
  const got = await ask(path, parameters);
  if (!got.state) return got;
  if (got.state === "offered") await new Promise((click) => { place.replaceChildren(h("p", {}, got.message), button("Compute it", click, { class: "solid" })); });
  const bar = h("progress", { max: "1", value: "0", "aria-label": "Progress" });
  place.replaceChildren(bar);
  return compute(path, parameters, (progress) => { bar.value = progress ?? 0; });
}

function opened() {
  if (!dialog) {
    dialog = h("dialog", { "aria-labelledby": "explained", closedby: "any" });
    dialog.addEventListener("close", () => { if (current().explain) go({ explain: null }, { replace: true, quiet: true }); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
  return dialog;
}

/** Closes the explanation, when the back button leads to a state without one. */
export function closeExplanation() {
  if (dialog?.open) dialog.close();
}

function* sections(answer, parameters) {
  if (answer.value !== undefined && answer.value !== null) yield h("p", { class: "figure number" }, answer.kind === "share" ? format.percent(answer.value, SHARE_PLACES) : format.full(answer.value, answer.kind));
  const scope = [parameters.since && format.span(parameters.since, parameters.until), ...(parameters.where ?? []).map(spoken)].filter(Boolean);
  if (scope.length) yield h("p", { class: "quiet" }, name(scope.join("; ")));
  yield h("h3", {}, "What it is");
  yield h("p", {}, answer.description);
  if (answer.formula) yield h("pre", {}, answer.formula);
  if (answer.made_of?.length) {
    yield h("h3", {}, "Made of");
    yield h("dl", {}, answer.made_of.map((part) => [h("dt", {}, part.label), h("dd", {}, h("code", {}, part.formula))]));
  }
  yield h("h3", {}, "The checks behind it");
  yield h("ul", { class: "checks" }, (answer.checks ?? []).map((check) => h("li", { class: check.ok ? null : "failed" }, check.name, check.detail && h("div", { class: "sub" }, check.detail))));
  yield h("h3", {}, "Where it was read");
  yield h("p", {}, h("code", {}, answer.source.relation), ` – ${answer.source.why ?? ""}`);
  yield* query(answer);
  if (answer.rows_url) yield rowsBehind(answer.rows_url);
}

/** A filter as the API takes it, in words. */
function spoken(pair) {
  const cut = pair.indexOf(":");
  return `${pair.slice(0, cut)}: ${valueName(pair.slice(0, cut), pair.slice(cut + 1))}`;
}

function* query({ sql, values }) {
  if (!sql) return;
  yield h("h3", {}, "The SQL that was sent");
  yield h("pre", { tabindex: "0", role: "region", "aria-label": "SQL" }, sql);
  const bound = Object.entries(values ?? {});
  if (!bound.length) return;
  yield h("p", { class: "sub" }, "with ", bound.flatMap(([key, value], place) => [place ? ", " : "", h("code", {}, `$${key}`), " = ", name(value)]));
}

function rowsBehind(url) {
  const place = h("div", {});
  const start = new URL(url, location.origin);
  const parameters = Object.fromEntries([...new Set(start.searchParams.keys())].map((key) => [key, start.searchParams.getAll(key)]));
  delete parameters.v;
  delete parameters.limit;
  const heading = h("h3", {}, "The rows behind it");
  const said = h("div", { class: "sub", role: "status" }, "Asking …");
  const links = h("p", {}, h("a", { href: address("rows.csv", parameters), download: "" }, "Download them as CSV"));
  const more = button("Show more", () => load(), { class: "plain", hidden: true });
  let after = null;
  let frame = null;
  async function load() {
    try {
      const got = await answered("rows", { ...parameters, limit: ROWS_A_PAGE, after }, said);
      const page = amountsFirst(got);
      frame = { fields: page.fields, rows: [...(frame?.rows ?? []), ...page.rows] };
      after = got.next;
      more.hidden = after === null;
      said.textContent = described(got, frame);
      place.replaceChildren(table(frame, { caption: "The rows behind the number", limit: frame.rows.length, cell: { total_sales: (value) => written(value, { kind: "money" }) } }));
    } catch (error) {
      said.textContent = `${error.message} ${error.remedy ?? ""}`;
    }
  }
  load();
  return h("section", {}, heading, said, links, place, more);
}

/** The columns in another order: what adds up is seen without scrolling. */
function amountsFirst({ fields, rows }) {
  const place = (called) => (FIRST.includes(called) ? FIRST.indexOf(called) : FIRST.length);
  const order = fields.map((_, index) => index).sort((one, other) => place(fields[one].name) - place(fields[other].name));
  return { fields: order.map((index) => fields[index]), rows: rows.map((row) => order.map((index) => row[index])) };
}

function described(got, frame) {
  const count = format.full(got.row_count, "count");
  const amount = got.amount === null || got.amount === undefined ? "" : `; their amounts add up to ${format.full(got.amount, "money")}`;
  return frame.rows.length < got.row_count ? `The newest ${format.full(frame.rows.length, "count")} of ${count}${amount}` : `${count} rows${amount}`;
}
