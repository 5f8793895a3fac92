"""A store, from the dials to the raw files: the whole story of `sales simulate`."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from data_pipeline.errors import ConfigError
from data_pipeline.simulator import lateness
from data_pipeline.simulator.answer_key import (
    KEY_FILE,
    KEY_SCHEMA,
    TOTALS_FILE,
    TOTALS_SCHEMA,
    Totals,
    moved,
)
from data_pipeline.simulator.batches import (
    Ready,
    Target,
    day_of,
    merged,
    prepare_customers,
    prepare_products,
    prepare_sales,
)
from data_pipeline.simulator.customers import BLOCK
from data_pipeline.simulator.outcome import (
    Made,
    Progress,
    corrections_ahead,
    count,
    orphans_ahead,
    schema_of,
)
from data_pipeline.simulator.parameters import Parameters, verified
from data_pipeline.simulator.sales import Business, Lines, open_business, sell
from data_pipeline.simulator.state import (
    STATE_FILE,
    Pending,
    State,
    gathered,
    no_lines,
    pending,
    write_pending,
)
from data_pipeline.simulator.writer import RawFile, Writing, suffix

CHUNK_ROWS = 400_000
T = TypeVar("T")
U = TypeVar("U")


def simulate(
    parameters: Parameters,
    out: Path,
    *,
    file_format: str = "csv",
    threads: int | None = None,
    chunk_rows: int = CHUNK_ROWS,
    progress: Progress | None = None,
) -> Made:
    """Write a store's raw files, answer key, true totals and state into `out`.

    Equal dials make equal bytes, whatever `threads` and `chunk_rows`. An earlier store there is
    replaced; raw files that no simulator wrote are not touched: ConfigError.
    """
    p = verified(parameters)
    suffix(file_format)
    before = _make_room(out)
    business = open_business(p, p.days)
    workers = threads or os.cpu_count() or 1
    with Writing() as writing, ThreadPoolExecutor(workers) as pool:
        desk = _Desk(business, out, writing, pool, workers, file_format)
        customers = desk.write_customers()
        products = desk.write_products()
        sales = desk.write_sales(chunk_rows, progress)
        desk.totals_file().write(desk.totals.table(), len(desk.totals.sales))
    for name in sorted(before - set(desk.files)):
        (out / name).unlink(missing_ok=True)
    write_pending(out, desk.under_way)
    loaded = {
        "customers": customers,
        "products": products,
        "sales": int(desk.totals.sales_loaded.sum()),
    }
    State(p, file_format, p.days, desk.next_id, desk.files, loaded).write(out)
    dates = (p.start.isoformat(), p.end.isoformat())
    return Made(out, desk.files, customers, products, sales, desk.defects, *dates)


class _Desk:
    """The files of one store while they are written, in the order of their records."""

    def __init__(
        self,
        business: Business,
        out: Path,
        writing: Writing,
        pool: ThreadPoolExecutor,
        ahead: int,
        file_format: str,
    ) -> None:
        self.business, self.as_text = business, file_format != "parquet"
        self.totals = Totals(business.demand.epoch_day(0))
        self.next_id = 1
        self.defects = 0
        self.under_way: dict[str, Pending] = {}
        self.files: tuple[str, ...] = ()
        self._out, self._writing, self._pool, self._ahead = out, writing, pool, ahead
        self._ending = suffix(file_format)
        self._key = writing.open(out / KEY_FILE, KEY_SCHEMA)

    def totals_file(self) -> RawFile:
        return self._writing.open(self._out / TOTALS_FILE, TOTALS_SCHEMA)

    def _open(self, table: str, ready: Ready) -> RawFile:
        name = table + self._ending
        self.files = (*self.files, name)
        return self._writing.open(self._out / name, schema_of(table, ready))

    def _put(self, file: RawFile, ready: Ready) -> int:
        begins = file.write(ready.content, ready.lines)
        self._key.write(moved(ready.key, begins), len(ready.key))
        self.defects += len(ready.key)
        return begins

    def write_customers(self) -> int:
        business, name = self.business, "customers" + self._ending
        target = Target("customers", name, self.as_text)
        n = int(business.everyone.counts[business.parameters.days])

        def work(first: int) -> tuple[np.ndarray, Ready]:
            index = np.arange(first, min(first + BLOCK, n))
            index = index[~lateness.late_customers(business, index)]
            return index, prepare_customers(business, target, index)

        moves, file, rows = [], None, 0
        for index, ready in self._in_order(work, range(0, max(n, 1), BLOCK)):
            file = file or self._open("customers", ready)
            begins = self._put(file, ready)
            day = lateness.moving_days(business, index)
            goes = np.flatnonzero(day >= 0)
            moves.append(pending(day[goes], index[goes], ready.starts[goes]).on(name, begins))
            rows += len(index)
        self.under_way["move"] = gathered(moves)
        return rows

    def write_products(self) -> int:
        business, name = self.business, "products" + self._ending
        target = Target("products", name, self.as_text)
        last = business.parameters.days - 1
        n = business.catalogue.known(last)

        def work(first: int) -> tuple[np.ndarray, Ready]:
            index = np.arange(first, min(first + BLOCK, n))
            index = index[~lateness.late_products(business, index)]
            return index, prepare_products(business, target, index, last)

        stand, file, rows = [], None, 0
        for index, ready in self._in_order(work, range(0, n, BLOCK)):
            file = file or self._open("products", ready)
            begins = self._put(file, ready)
            none = np.full(len(index), -1)
            stand.append(pending(none, index, ready.starts).on(name, begins))
            rows += len(index)
        self.under_way["product"] = gathered(stand)
        return rows

    def write_sales(self, chunk_rows: int, progress: Progress | None) -> int:
        business, p = self.business, self.business.parameters
        name = "sales" + self._ending
        late: list[Pending] = [pending(np.zeros(0, np.int64))]
        corrected: list[Pending] = []
        orphaned: list[Pending] = []
        file, done = None, 0
        for ready, held in self._in_order(self._prepare, self._batches(chunk_rows)):
            assert ready.sold is not None
            assert ready.ids is not None
            file = file or self._open("sales", ready)
            begins = self._put(file, ready)
            count(self.totals, ready)
            self.totals.add(held.lines.second, held.lines.quantity * held.lines.price, sold=1)
            late.append(held)
            corrected.append(corrections_ahead(business, ready, p.days).on(name, begins))
            orphaned.append(orphans_ahead(ready, p.days).on(name, begins))
            done += len(ready.ids)
            if progress:
                progress(done, max(done, p.sales))
        self.under_way["late"] = gathered(late)
        self.under_way["correction"] = gathered(corrected)
        self.under_way["orphan"] = gathered(orphaned)
        return done

    def _prepare(self, batch: tuple[list[Lines], Lines, int]) -> tuple[Ready, Pending]:
        """Return one batch of days as content, and the sales of the last day that are late."""
        business, p = self.business, self.business.parameters
        days, due, first_id = batch
        sold = merged(days, [due])
        ids = np.arange(first_id, first_id + len(sold))
        day = day_of(business, sold.second)
        waits = np.zeros(len(ids), np.bool_)
        last = np.flatnonzero(day == p.days - 1)
        waits[last] = lateness.late_sales(business, ids[last])
        held = pending(np.full(waits.sum(), p.days), ids[waits], lines=sold.take(waits))
        if waits.any():
            sold, ids, day = sold.take(~waits), ids[~waits], day[~waits]
        target = Target("sales", "sales" + self._ending, self.as_text)
        ready = prepare_sales(business, target, sold, ids, day)
        return ready, held

    def _batches(self, chunk_rows: int) -> Iterator[tuple[list[Lines], Lines, int]]:
        """Yield some days of selling in order, with the returns that are due in them."""
        business, p = self.business, self.business.parameters
        span = max(1, min(31, chunk_rows * p.days // max(p.sales, 1)))

        def work(first: int) -> tuple[list[Lines], Lines]:
            days = [sell(business, day) for day in range(first, min(first + span, p.days))]
            return [sold for sold, _ in days], Lines.join([back for _, back in days])

        coming = no_lines()
        for first, (sold, back) in zip(
            range(0, p.days, span), self._in_order(work, range(0, p.days, span)), strict=True
        ):
            coming = Lines.join([coming, back])
            now = day_of(business, coming.second) < min(first + span, p.days)
            due, coming = coming.take(now), coming.take(~now)
            yield sold, due, self._numbered(sum(map(len, sold)) + len(due))
        self.under_way["return"] = pending(day_of(business, coming.second), lines=coming)

    def _numbered(self, rows: int) -> int:
        first, self.next_id = self.next_id, self.next_id + rows
        return first

    def _in_order(self, work: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
        """Yield the results of work in the order of the items, a few ahead, in bounded memory."""
        waiting: deque[Future[U]] = deque()
        for item in items:
            waiting.append(self._pool.submit(work, item))
            if len(waiting) > self._ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _make_room(out: Path) -> set[str]:
    """Return the files of an earlier store in `out`; refuse when raw files of others are there."""
    out.mkdir(parents=True, exist_ok=True)
    ours = set(State.read(out).files) if (out / STATE_FILE).is_file() else set()
    found = {
        f.name
        for f in out.iterdir()
        if f.name.casefold().startswith(("customers", "products", "sales"))
    }
    if found - ours:
        raise ConfigError(
            f"{out} has raw files that no simulator wrote: {', '.join(sorted(found - ours))}; "
            "move them away, or choose another --out"
        )
    return ours
