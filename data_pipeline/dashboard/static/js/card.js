// A card: one question, its answer drawn, and what can be done with it: explain, table, save.

import { ApiError, ask, compute } from "./api.js";
import { colours, svgOf } from "./chart.js";
import { announce, button, download, h, menu } from "./dom.js";
import * as format from "./format.js";
import { explain } from "./explain.js";
import { framed, png, svgText } from "./picture.js";
import { current, go, toggle } from "./state.js";
import { csv, table } from "./table.js";

/**
 * spec: id, width, title, sub(answer, context), hint (what a click does), controls(context), request(context) -> {path, parameters},
 * empty(answer, context) -> why there is nothing to show or null, draw(body, answer, context); without it, or when
 * drawnIf(answer) is false, a table,
 * frame(answer, context), tableOptions(answer, context), picture(answer, context), explain(context) -> parameters or null.
 */
export class Card {
  constructor(spec) {
    this.spec = spec;
    this.asked = 0;
    this.answer = null;
    this.title = h("h2", { id: `card-${spec.id}` });
    this.sub = h("p", { class: "sub" });
    this.notice = h("p", { class: "notice" });
    this.actions = h("div", { class: "actions" });
    this.controls = h("div", {});
    this.body = h("div", { class: "card-body" });
    this.element = h("section", { class: `card ${spec.width ?? "w6"}`, "aria-labelledby": this.title.id, dataset: { card: spec.id } },
      h("header", {}, this.title, this.actions, this.sub), this.controls, this.notice, this.body);
  }

  /** Asks and draws what `context` looks at; what was drawn stays until the answer is there. */
  async refresh(context) {
    const { spec } = this;
    const turn = ++this.asked;
    this.context = context;
    this.title.textContent = typeof spec.title === "function" ? spec.title(context) : spec.title;
    this.keepFocus(this.controls, () => this.controls.replaceChildren(...[spec.controls?.(context) || []].flat()));
    const { path, parameters } = spec.request(context);
    const waiting = setTimeout(() => this.body.classList.add("busy"), 120);
    this.body.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(path, parameters);
      if (turn === this.asked) await this.show(answer, () => this.computeNow(path, parameters, turn));
    } catch (error) {
      if (turn === this.asked) this.fail(error);
    } finally {
      clearTimeout(waiting);
      if (turn === this.asked) {
        this.body.classList.remove("busy");
        this.body.setAttribute("aria-busy", "false");
      }
    }
  }

  async computeNow(path, parameters, turn) {
    const bar = h("progress", { max: "1", value: "0", "aria-label": "Progress" });
    const said = h("p", { class: "empty" }, "Computing … ", bar);
    this.body.replaceChildren(said);
    try {
      const answer = await compute(path, parameters, (progress) => { bar.value = progress ?? 0; });
      if (turn === this.asked) await this.show(answer, () => {});
    } catch (error) {
      if (turn === this.asked) this.fail(error);
    }
  }

  async show(answer, computeNow) {
    const { spec, context } = this;
    if (answer.state === "offered" || answer.state === "running") {
      this.actions.replaceChildren();
      this.sub.textContent = "";
      if (answer.state === "running") return computeNow();
      return this.body.replaceChildren(h("div", { class: "empty" }, h("p", {}, answer.message), h("p", { class: "more" }, button("Compute it", computeNow, { class: "solid" }))));
    }
    this.answer = answer;
    const nothing = spec.empty?.(answer, context) ?? null;
    this.notice.textContent = nothing === null ? ignored(answer, context) : "";
    this.words = nothing === null ? spec.sub?.(answer, context) ?? "" : "";
    this.sub.textContent = nothing === null ? [this.words, spec.hint].filter(Boolean).join(". ") : "";
    this.showActions(nothing === null);
    if (nothing !== null) return this.body.replaceChildren(h("p", { class: "empty" }, nothing));
    if (this.tableOpen || !this.drawn) return this.keepFocus(this.body, () => this.body.replaceChildren(this.tableOf(answer)));
    if (this.body.querySelector(".chart") && spec.keeps) return spec.draw(this.body, answer, context);
    return this.keepFocus(this.body, () => spec.draw(this.body, answer, context));
  }

  fail(error) {
    if (!(error instanceof ApiError)) console.error(error);
    this.actions.replaceChildren();
    this.sub.textContent = "";
    if (error.code === "version_gone" || error.status === 503) dispatchEvent(new CustomEvent("warehouse-changed"));
    const text = error instanceof ApiError ? error.message : "This could not be drawn.";
    this.body.replaceChildren(h("div", { class: "empty", role: "alert" }, h("p", {}, text), error.remedy && h("p", {}, error.remedy), h("p", { class: "more" }, button("Try again", () => this.refresh(this.context), { class: "plain" }))));
  }

  /** Whether there is a picture beside the table. */
  get drawn() {
    return Boolean(this.spec.draw) && (this.spec.drawnIf?.(this.answer) ?? true);
  }

  get tableOpen() {
    return current().table.includes(this.spec.id);
  }

  showActions(filled) {
    const { spec } = this;
    const title = this.title.textContent;
    const asks = spec.explain?.(this.context) ?? null;
    const parts = [];
    if (asks) parts.push(button("Explain", () => explain(asks, title), { class: "plain", "aria-label": `Explain: ${title}` }));
    if (filled && this.drawn) {
      parts.push(button(this.tableOpen ? "Chart" : "Table", () => this.turn(), { class: "plain turn", "aria-pressed": String(this.tableOpen), "aria-label": `${this.tableOpen ? "Chart" : "Table"}: ${title}` }));
    }
    if (filled) parts.push(menu("Save", (panel, close) => panel.append(...this.saves(close)), { class: "plain", "aria-label": `Save: ${title}` }));
    this.keepFocus(this.actions, () => this.actions.replaceChildren(...parts));
  }

  turn() {
    const { table: open } = current();
    const { id } = this.spec;
    go({ table: this.tableOpen ? open.filter((one) => one !== id) : [...open, id] });
  }

  saves(close) {
    const saved = (label, act) => button(label, async () => { close(); await act(); announce(`${label} saved`); }, { class: "choice" });
    const list = [saved("CSV", () => download(`${this.file}.csv`, csv(this.frame), "text/csv;charset=utf-8"))];
    if (this.drawn && !this.tableOpen) {
      list.push(saved("SVG", () => download(`${this.file}.svg`, svgText(this.picture()), "image/svg+xml")));
      list.push(saved("PNG", async () => download(`${this.file}.png`, await png(this.picture()), "image/png")));
    }
    return list;
  }

  get file() {
    const { since, until } = this.context.period ?? {};
    return this.answer.ignored?.includes("since") || !since ? this.spec.id : `${this.spec.id}_${since}_${until}`;
  }

  get frame() {
    return this.spec.frame ? this.spec.frame(this.answer, this.context) : this.answer;
  }

  tableOf() {
    const options = this.spec.tableOptions?.(this.answer, this.context) ?? {};
    const made = table(this.frame, { caption: this.title.textContent, pick: ({ where }) => toggle(...where), ...options });
    return options.after ? h("div", {}, made, options.after) : made;
  }

  picture() {
    const tones = colours();
    const made = this.spec.picture?.(this.answer, this.context, tones);
    const words = { title: this.title.textContent, sub: [this.words, ...this.scope()].filter(Boolean).join(" · "), colours: tones, legend: this.legend(tones) };
    if (made) return framed({ ...words, ...made });
    const host = this.body.querySelector(".chart");
    return framed({ ...words, drawing: svgOf(host), width: host.clientWidth, height: host.clientHeight });
  }

  /** What the picture is about, without what the answer did not heed. */
  scope() {
    const { period, state } = this.context;
    const ignored = this.answer.ignored ?? [];
    const where = state.where.filter(([dimension]) => !ignored.includes(dimension));
    return [!ignored.includes("since") && period && format.span(period.since, period.until), this.context.spoken(where)];
  }

  legend(tones) {
    return [...this.body.querySelectorAll(".legend > *")].map((entry) => {
      const colour = [...entry.querySelector(".mark").classList].find((one) => one.startsWith("c-"));
      return { text: entry.textContent, colour: tones[colour.slice(2)] };
    });
  }

  /** Replaces a part of the card; the button that had the focus there has it again afterwards. */
  keepFocus(part, replace) {
    const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("button")].indexOf(document.activeElement) : -1;
    const done = replace();
    const restore = () => { if (focused >= 0) [...part.querySelectorAll("button")][focused]?.focus({ preventScroll: true }); };
    if (done instanceof Promise) return done.then(restore);
    restore();
    return done;
  }
}

/** Says which filters an answer could not heed. */
function ignored(answer, context) {
  if (answer.filtered !== false || !answer.ignored?.length) return "";
  const labels = answer.ignored.map((called) => (["since", "until"].includes(called) ? "period" : context.label(called).toLowerCase()));
  return `Not filtered by ${[...new Set(labels)].join(", ")}: shown for all.`;
}
