from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_pipeline.simulator import sales_csv as module
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.sales import Lines
from data_pipeline.simulator.sales_csv import sales_csv
from data_pipeline.simulator.writer import csv_field, data_of

Row = tuple[int, ...]
CHANNELS = ("web", "x", "marketplace", 'a "very, very" long channel', "12345678", "")
number = st.one_of(
    st.integers(0, 12), st.sampled_from([9_999, 10_000, 99_999_999, 10**8]), st.integers(0, 10**11)
)
moment = st.integers(0, 7_000_000_000)
row = st.tuples(
    moment, number, number, number, st.integers(-30, 30), number, number,
    st.integers(0, len(CHANNELS) - 1), number,
)  # fmt: skip


def lines_of(rows: list[Row]) -> tuple[Lines, Ints]:
    second, order, customer, product, quantity, price, discount, channel, ids = (
        np.array([row[index] for row in rows], np.int64) for index in range(9)
    )
    return (
        Lines(second, order, customer, product, quantity, price, discount, channel.astype(np.int8)),
        ids,
    )


def expected(rows: list[Row]) -> str:
    """The same lines by Python's csv, value by value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for second, order, customer, product, quantity, price, discount, channel, id_ in rows:
        when = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
        money = [f"{amount // 100}.{amount % 100:02}" for amount in (price, discount)]
        writer.writerow(
            [id_, customer or "", product, when, quantity, money[0], order, money[1],
             CHANNELS[channel], ""]
        )  # fmt: skip
    return text.getvalue()


NOTHING: Row = (0, 0, 0, 0, 0, 0, 0, 0, 0)


@example([NOTHING, (0, 0, 99_999_999, 0, 0, 0, 0, 0, 0)])
@example([(*NOTHING[:6], 0, 5, 0), (*NOTHING[:6], 99_999_999, 0, 0)])
@settings(max_examples=100)
@given(st.lists(row, min_size=1, max_size=40))
def test_lines_are_those_of_the_csv_module(rows: list[Row]) -> None:
    sold, ids = lines_of(rows)
    lines = sales_csv(sold, ids, [csv_field(name) for name in CHANNELS])
    assert data_of(lines).to_pybytes().decode() == expected(rows)
    assert b"".join(lines.to_pylist()).decode() == expected(rows), "each line is one element"


@pytest.mark.parametrize("rows_at_once", [1, 7, 1_000])
def test_lines_do_not_depend_on_how_many_are_set_at_once(
    monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
    chance = np.random.default_rng(1)
    rows: list[Row] = [
        (int(chance.integers(10**9)), 7, int(chance.integers(3)), 5, 1, 1999, 0,
         int(chance.integers(len(CHANNELS))), n)
        for n in range(100)
    ]  # fmt: skip
    sold, ids = lines_of(rows)
    lines = sales_csv(sold, ids, [csv_field(name) for name in CHANNELS])
    assert data_of(lines).to_pybytes().decode() == expected(rows)


def test_no_sales_are_no_lines() -> None:
    sold, ids = lines_of([])
    assert len(sales_csv(sold, ids, [b"web"])) == 0
