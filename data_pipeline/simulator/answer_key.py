"""The right answers: what a perfect pipeline makes of every planted record, and true totals.

Grain of the key: one row a record that is not simply loaded as it stands. Grain of the totals:
one row a day. Both are Parquet files beside the raw files, under names that no pipeline reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.dirt.sheet import LOADED, SUPERSEDED, Dirty, Marks
from data_pipeline.simulator.randomness import Ints

KEY_FILE = "answer_key.parquet"
TOTALS_FILE = "answer_totals.parquet"

KEY_SCHEMA = pa.schema(
    [
        ("source_table", pa.string()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("kind", pa.string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("key", pa.int64()),
    ]
)
TOTALS_SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("sales", pa.int64()),
        ("amount", pa.decimal128(38, 4)),
        ("sales_loaded", pa.int64()),
        ("amount_loaded", pa.decimal128(38, 4)),
    ]
)


def key_rows(table: str, file: str, lines: Ints, keys: Ints, marks: Marks) -> pa.Table:
    """Return the rows of the key for some marks, given their lines and the records' keys."""
    n = len(lines)

    def same(text: str | None) -> pa.Array:
        return pa.nulls(n, pa.string()) if text is None else pa.repeat(pa.scalar(text), n)

    value = (
        pa.nulls(n, pa.string())
        if marks.value is None
        else pa.array(marks.value, pa.binary()).cast(pa.string())
    )
    return pa.table(
        [
            same(table), same(file), pa.array(lines), same(marks.kind), same(marks.verdict),
            same(marks.reason), same(marks.column), value, pa.array(keys),
        ],
        schema=KEY_SCHEMA,
    )  # fmt: skip


def answers(table: str, file: str, lines: Ints, dirty: Dirty, keys: Ints) -> pa.Table:
    """Return the key of one batch whose planted records begin on these `lines`, in their order."""
    parts = [
        key_rows(table, file, lines[planted], keys[rows], marks)
        for planted, rows, marks in dirty.answers
    ]
    return in_order(pa.concat_tables(parts)) if parts else KEY_SCHEMA.empty_table()


def moved(key: pa.Table, first_line: int) -> pa.Table:
    """Return rows of the key whose lines counted from 0, counted from `first_line`."""
    lines = pc.add(key["source_line"], first_line)
    return key.set_column(2, KEY_SCHEMA.field("source_line"), lines)


def in_order(key: pa.Table) -> pa.Table:
    """Return rows of the key by table, file and line."""
    return key.sort_by(
        [("source_table", "ascending"), ("source_file", "ascending"), ("source_line", "ascending")]
    )


def superseded(key: pa.Table, newly: pa.Table) -> pa.Table:
    """Return the key with these records superseded: those it knows get the verdict, others come in.

    `newly` has the columns of the key; what counts of a record that the key knows is where it is.
    """
    known = pc.index_in(_places(newly), value_set=_places(key))
    there = np.flatnonzero(pc.is_valid(known).to_numpy(zero_copy_only=False))
    changed = _judged(key, known.take(pa.array(there)).to_numpy(), SUPERSEDED, SUPERSEDED)
    return pa.concat_tables([changed, newly.filter(pc.is_null(known))])


def brought_in(key: pa.Table, places: pa.Table) -> pa.Table:
    """Return the key with these records, which waited for a customer or product, loaded."""
    rows = pc.index_in(_places(places), value_set=_places(key))
    return _judged(key, rows.to_numpy(), LOADED, None)


def _places(key: pa.Table) -> pa.Array:
    where = [key["source_table"], key["source_file"], key["source_line"].cast(pa.string())]
    return pc.binary_join_element_wise(*where, "/")


def _judged(key: pa.Table, rows: Ints, verdict: str, reason: str | None) -> pa.Table:
    mask = np.zeros(len(key), np.bool_)
    mask[rows] = True
    for name, value in (
        ("verdict", verdict),
        ("reason", reason),
        ("column", None),
        ("value", None),
    ):
        at = KEY_SCHEMA.get_field_index(name)
        new = pc.if_else(pa.array(mask), pa.scalar(value, pa.string()), key[name])
        key = key.set_column(at, KEY_SCHEMA.field(name), new)
    return key


@dataclass
class Totals:
    """Sales and money of each day: what was sold, and what of it a perfect pipeline loads."""

    first_epoch_day: int
    sales: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    amount: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    sales_loaded: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    amount_loaded: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def _reach(self, days: int) -> None:
        short = max(0, days - len(self.sales))
        for name in ("sales", "amount", "sales_loaded", "amount_loaded"):
            setattr(self, name, np.pad(getattr(self, name), (0, short)))

    def add(self, seconds: Ints, amounts: Ints, *, sold: int = 0, loaded: int = 0) -> None:
        """Count records (or take them away, with -1) on the days of their moments."""
        day = seconds // SECONDS_A_DAY - self.first_epoch_day
        if len(day) == 0:
            return
        first, until = int(day.min()), int(day.max()) + 1
        self._reach(until)
        number = np.bincount(day - first, minlength=until - first)
        amount = np.zeros(until - first, np.int64)
        np.add.at(amount, day - first, amounts)
        self.sales[first:until] += sold * number
        self.amount[first:until] += sold * amount
        self.sales_loaded[first:until] += loaded * number
        self.amount_loaded[first:until] += loaded * amount

    def change(self, seconds: Ints, more: Ints, sold: bool = False) -> None:
        """Add to what is loaded (and was sold) on the days of these moments, with no new record."""
        day = seconds // SECONDS_A_DAY - self.first_epoch_day
        np.add.at(self.amount_loaded, day, more)
        if sold:
            np.add.at(self.amount, day, more)

    def table(self) -> pa.Table:
        """Return the totals, a row a day."""
        days = pa.array((self.first_epoch_day + np.arange(len(self.sales))).astype(np.int32))
        return pa.table(
            [
                days.cast(pa.date32()),
                pa.array(self.sales),
                _ten_thousandths(self.amount),
                pa.array(self.sales_loaded),
                _ten_thousandths(self.amount_loaded),
            ],
            schema=TOTALS_SCHEMA,
        )

    @classmethod
    def read(cls, path: Path) -> Totals:
        """Return the totals that a file holds."""
        table = pq.read_table(path)
        days = table["day"].cast(pa.int32()).to_numpy()
        amounts = [
            (table[name].cast(pa.decimal128(38, 2)).combine_chunks())
            for name in ("amount", "amount_loaded")
        ]
        whole = [np.frombuffer(a.buffers()[1], np.int64)[::2][: len(a)].copy() for a in amounts]
        sales, loaded = (table[n].to_numpy().copy() for n in ("sales", "sales_loaded"))
        return cls(int(days[0]) if len(days) else 0, sales, whole[0], loaded, whole[1])


def _ten_thousandths(hundredths: Ints) -> pa.Array:
    words = np.empty((len(hundredths), 2), dtype=np.int64)
    words[:, 0] = hundredths
    words[:, 1] = hundredths >> 63
    exact = pa.Array.from_buffers(
        pa.decimal128(38, 2), len(hundredths), [None, pa.py_buffer(words)]
    )
    return exact.cast(pa.decimal128(38, 4))
