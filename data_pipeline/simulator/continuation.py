"""Time goes on: the next days of a store, a file of each kind for each day.

A day needs the state that the day before left and nothing else, so thirty runs of one day and one
run of thirty write the same.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.errors import ConfigError
from data_pipeline.simulator import lateness
from data_pipeline.simulator.answer_key import (
    KEY_FILE,
    KEY_SCHEMA,
    TOTALS_FILE,
    TOTALS_SCHEMA,
    Totals,
    brought_in,
    in_order,
    key_rows,
    moved,
    superseded,
)
from data_pipeline.simulator.batches import (
    Ready,
    Target,
    clean_content,
    day_of,
    merged,
    prepare_customers,
    prepare_products,
    prepare_sales,
)
from data_pipeline.simulator.changes import amount_of, moves, places
from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.dirt.sheet import (
    LOADED,
    Marks,
    Words,
    hit,
    text_of,
)
from data_pipeline.simulator.outcome import (
    Made,
    Progress,
    corrections_ahead,
    count,
    orphans_ahead,
    schema_of,
)
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.records import (
    batch_of,
    product_records,
    sales_records,
)
from data_pipeline.simulator.sales import Business, Lines, open_business, sell
from data_pipeline.simulator.state import (
    Pending,
    State,
    gathered,
    no_lines,
    pending,
    read_pending,
    write_pending,
)
from data_pipeline.simulator.writer import RawFile, Writing, suffix

NOON = SECONDS_A_DAY // 2
FEWEST = 20
"""A daily file with fewer records stays clean: defects could be more than half of it."""


def continue_store(out: Path, days: int, *, progress: Progress | None = None) -> Made:
    """Write the next `days` days of the store in `out` as new raw files beside the old ones.

    The answer key, the totals and the state go along. The store's own dials stand. Raises
    ConfigError where no store is.
    """
    state = State.read(out)
    business = open_business(state.parameters, state.next_day + days)
    with Writing() as writing:
        diary = _Diary(business, out, writing, state)
        for done in range(days):
            diary.write_day(state.next_day + done)
            if progress:
                progress(diary.sales, max(diary.sales, diary.sales * days // (done + 1)))
        key, totals = diary.key(), diary.totals.table()
        writing.open(out / KEY_FILE, KEY_SCHEMA).write(key, len(key))
        writing.open(out / TOTALS_FILE, TOTALS_SCHEMA).write(totals, len(totals))
    write_pending(out, diary.under_way)
    loaded = {
        "customers": state.loaded["customers"] + diary.new_customers,
        "products": state.loaded["products"] + diary.new_products,
        "sales": int(diary.totals.sales_loaded.sum()),
    }
    State(
        state.parameters, state.file_format, state.next_day + days, diary.next_id,
        (*state.files, *diary.files), loaded,
    ).write(out)  # fmt: skip
    first = state.parameters.end + timedelta(days=state.next_day - state.parameters.days + 1)
    return Made(
        out, tuple(diary.files), diary.customers, diary.products, diary.sales, diary.defects,
        first.isoformat(), (first + timedelta(days=days - 1)).isoformat(),
    )  # fmt: skip


class _Diary:
    """The store from day to day."""

    def __init__(self, business: Business, out: Path, writing: Writing, state: State) -> None:
        self.business = business
        self.next_id = state.next_id
        self.under_way = read_pending(out)
        self.files: list[str] = []
        self.customers = self.products = self.sales = self.defects = 0
        self.new_customers = self.new_products = 0
        for name in (KEY_FILE, TOTALS_FILE):
            if not (out / name).is_file():
                raise ConfigError(f"{out / name} is gone, so the store cannot go on")
        self.totals = Totals.read(out / TOTALS_FILE)
        self._old_key = pq.read_table(out / KEY_FILE).cast(KEY_SCHEMA)
        self._new_key: list[pa.Table] = []
        self._replaced: list[pa.Table] = []
        self._brought: list[pa.Table] = []
        self._out, self._writing = out, writing
        self._ending = suffix(state.file_format)
        self._as_text = state.file_format != "parquet"

    def key(self) -> pa.Table:
        """Return the answer key for all files up to now."""
        key = pa.concat_tables([self._old_key, *self._new_key])
        if self._brought:
            key = brought_in(key, pa.concat_tables(self._brought))
        if self._replaced:
            key = superseded(key, pa.concat_tables(self._replaced))
        return in_order(key)

    def write_day(self, day: int) -> None:
        """Write the files of one day: the new, the late, the changed and the corrected."""
        self._write_customers(day)
        self._write_products(day)
        self._write_sales(day)

    def _write_customers(self, day: int) -> None:
        b, name = self.business, self._name("customers", day)
        new = np.arange(b.everyone.before(day), b.everyone.before(day + 1))
        old = np.arange(b.everyone.before(day - 1), b.everyone.before(day))
        late = old[lateness.late_customers(b, old)]
        index = np.concatenate([late, new[~lateness.late_customers(b, new)]])
        moving, self.under_way["move"] = self.under_way["move"].split(day)
        file: RawFile | None = None
        if len(index):
            ready = prepare_customers(b, self._target("customers", name), index)
            file = self._open("customers", day, ready)
            self._put(file, ready)
        if len(moving):
            moving = moving.take(np.argsort(moving.id))
            text, where = moves(b, moving.id, day)
            ready = self._further("customers", text)
            file = file or self._open("customers", day, ready)
            begins = self._put(file, ready)
            self._replace("customers", "move", moving, moving.id + 1)
            self._say("customers", "move", name, begins, moving.id + 1, "location", where)
        self.new_customers += len(index)
        self.customers += len(index) + len(moving)

    def _write_products(self, day: int) -> None:
        b, name = self.business, self._name("products", day)
        new = np.arange(b.catalogue.known(day - 1), b.catalogue.known(day))
        old = np.arange(b.catalogue.known(day - 2), b.catalogue.known(day - 1))
        late = old[lateness.late_products(b, old)]
        index = np.concatenate([late, new[~lateness.late_products(b, new)]])
        stands = self.under_way["product"]
        since = b.catalogue.price_since(day)[stands.id]
        dirty = hit(b.parameters.seed, "products", stands.id + 1, b.parameters.defects)
        changed = stands.take((since == day) & ~dirty)
        kept = stands.take((since != day) | dirty)
        file: RawFile | None = None
        if len(index):
            ready = prepare_products(b, self._target("products", name), index, day)
            file = self._open("products", day, ready)
            begins = self._put(file, ready)
            fresh = pending(np.full(len(index), -1), index, ready.starts).on(name, begins)
            kept = gathered([kept, fresh])
        if len(changed):
            changed = changed.take(np.argsort(changed.id))
            records = product_records(b, changed.id, day)
            ready = self._further("products", records)
            file = file or self._open("products", day, ready)
            begins = self._put(file, ready)
            price = text_of(records["price"])
            self._replace("products", "price_change", changed, changed.id + 1)
            self._say("products", "price_change", name, begins, changed.id + 1, "price", price)
            again = pending(changed.due, changed.id, np.arange(len(changed))).on(name, begins)
            kept = gathered([kept, again])
        self.under_way["product"] = kept
        self.new_products += len(index)
        self.products += len(index) + len(changed)

    def _write_sales(self, day: int) -> None:
        b, name, under_way = self.business, self._name("sales", day), self.under_way
        sold, back = sell(b, day)
        coming = pending(day_of(b, back.second), lines=back)
        due, rest = under_way["return"].split(day)
        under_way["return"] = gathered([rest, coming])
        today = merged([sold], [due.lines])
        ids = np.arange(self.next_id, self.next_id + len(today))
        self.next_id += len(today)
        waits = lateness.late_sales(b, ids)
        held = pending(np.full(waits.sum(), day + 1), ids[waits], lines=today.take(waits))
        self.totals.add(held.lines.second, amount_of(held.lines), sold=1)
        late, _ = under_way["late"].split(day)
        late = late.take(np.lexsort((late.id, late.lines.second)))
        under_way["late"] = held
        self.totals.add(late.lines.second, amount_of(late.lines), sold=-1)
        self._bring_in(day)
        fixed, under_way["correction"] = under_way["correction"].split(day)
        lines = Lines.join([no_lines(), late.lines, today.take(~waits)])
        ids = np.concatenate([late.id, ids[~waits]])
        arrives = np.full(len(ids), day)
        ready = prepare_sales(b, self._target("sales", name), lines, ids, arrives)
        file = self._open("sales", day, ready)
        begins = self._put(file, ready)
        count(self.totals, ready)
        ahead = corrections_ahead(b, ready, day + 1)
        under_way["correction"] = gathered([under_way["correction"], ahead.on(name, begins)])
        under_way["orphan"] = gathered(
            [under_way["orphan"], orphans_ahead(ready, day + 1).on(name, begins)]
        )
        if len(fixed):
            self._correct(fixed.take(np.argsort(fixed.id)), file, day)
        self.sales += len(ids) + len(fixed)

    def _correct(self, fixed: Pending, file: RawFile, day: int) -> None:
        """Write newer versions of earlier sales: one unit more than was thought."""
        b, old = self.business, fixed.lines
        lines = Lines(
            old.second, old.order, old.customer, old.product, old.quantity + 1, old.price,
            old.discount, old.channel,
        )  # fmt: skip
        when = (b.demand.epoch_day(day)) * SECONDS_A_DAY + NOON + fixed.id % NOON
        records = sales_records(b, lines, fixed.id, when)
        begins = self._put(file, self._further("sales", records))
        self._replace("sales", "late_correction", fixed, fixed.id)
        quantity = text_of(records["quantity"])
        self._say("sales", "late_correction", file.name, begins, fixed.id, "quantity", quantity)
        self.totals.change(old.second, old.price, sold=True)

    def _bring_in(self, day: int) -> None:
        """Count the sales that today's customers and products bring in."""
        due, rest = self.under_way["orphan"].split(day)
        self.under_way["orphan"] = rest
        if len(due):
            self.totals.add(due.lines.second, amount_of(due.lines), loaded=1)
            self._brought.append(places("sales", "", due, due.id))

    def _replace(self, table: str, kind: str, old: Pending, keys: Ints) -> None:
        self._replaced.append(places(table, kind, old, keys))

    def _say(
        self, table: str, kind: str, file: str, begins: int, keys: Ints, column: str, value: Words
    ) -> None:
        rows = np.arange(len(keys))
        marks = Marks(rows, kind, LOADED, None, column, value)
        self._new_key.append(key_rows(table, file, rows + begins, keys, marks))
        self.defects += len(keys)

    def _name(self, table: str, day: int) -> str:
        when: date = self.business.demand.dates(day, day + 1)[0].item()
        return f"{table}-{when.isoformat()}{self._ending}"

    def _open(self, table: str, day: int, ready: Ready) -> RawFile:
        name = self._name(table, day)
        self.files.append(name)
        return self._writing.open(self._out / name, schema_of(table, ready))

    def _put(self, file: RawFile, ready: Ready) -> int:
        begins = file.write(ready.content, ready.lines)
        self._new_key.append(moved(ready.key, begins))
        self.defects += len(ready.key)
        return begins

    def _target(self, table: str, file: str) -> Target:
        return Target(table, file, self._as_text, FEWEST)

    def _further(self, table: str, records: pa.Table) -> Ready:
        """Return clean records as content."""
        n = len(records)
        content = clean_content(
            batch_of(records), self._target(table, ""), self.business.parameters
        )
        return Ready(content, n, n, KEY_SCHEMA.empty_table(), np.arange(n))
