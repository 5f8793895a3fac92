"""The daily sums are the sales, whatever was loaded in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline import aggregates
from data_pipeline.metrics import DIMENSIONS, METRICS, open_reader, query
from data_pipeline.metrics.composing import DAILY_DIMENSIONS
from data_pipeline.metrics.registry import EVERYTHING
from tests.metrics.store import Store, write_store

if TYPE_CHECKING:
    from pathlib import Path

ADDITIVE = [metric.name for metric in METRICS.values() if metric.additive_over == EVERYTHING]
ALL_SUMS = "SELECT * FROM agg_daily ORDER BY ALL"


@pytest.mark.parametrize("timezone", ["UTC", "Australia/Lord_Howe"])
def test_additive_metrics_are_the_same_from_both(
    store: Store, tmp_path: Path, timezone: str
) -> None:
    url = write_store(store, tmp_path / "store.duckdb")
    questions = [[name] for name in DIMENSIONS if name in DAILY_DIMENSIONS]
    with open_reader(url) as reader:
        slow = [query(reader, ADDITIVE, by=by, timezone=timezone) for by in questions]
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        aggregates.refresh(connection, timezone=timezone)
        connection.execute("DELETE FROM sales")
    with open_reader(url) as reader:
        quick = [query(reader, ADDITIVE, by=by, timezone=timezone) for by in questions]
    assert quick == slow


def test_changed_days_are_summed_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    half = len(store.sales) // 2
    write_store(replace(store, sales=store.sales[:half]), path)
    moved = replace(
        store.sales[5], timestamp=store.sales[5].timestamp + timedelta(days=40), quantity=3
    )
    moved = replace(moved, total_sales=3 * moved.price)
    late = replace(store, sales=(*store.sales[half:], moved))
    write_store(late, tmp_path / "late.duckdb")
    with duckdb.connect(str(path)) as connection:
        aggregates.refresh(connection)
        connection.execute(f"ATTACH '{tmp_path}/late.duckdb' AS late (READ_ONLY)")
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TEMP TABLE changed_sales AS SELECT timestamp FROM late.main.sales UNION ALL "
            f"SELECT timestamp FROM main.sales WHERE transaction_id = {moved.transaction_id}"
        )
        connection.execute(f"DELETE FROM sales WHERE transaction_id = {moved.transaction_id}")
        connection.execute("INSERT INTO sales SELECT * FROM late.main.sales")
        aggregates.refresh(connection, changed="changed_sales")
        connection.execute("COMMIT")
        step_by_step = connection.execute(ALL_SUMS).fetchall()
        aggregates.refresh(connection)
        assert step_by_step == connection.execute(ALL_SUMS).fetchall()
        assert step_by_step


def test_nothing_changed_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with duckdb.connect(str(path)) as connection:
        aggregates.refresh(connection)
        before = connection.execute(ALL_SUMS).fetchall()
        connection.execute("CREATE TEMP TABLE nothing AS SELECT timestamp FROM sales LIMIT 0")
        aggregates.refresh(connection, changed="nothing")
        assert connection.execute(ALL_SUMS).fetchall() == before


def test_another_time_zone_sums_everything_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with duckdb.connect(str(path)) as connection:
        aggregates.refresh(connection)
        connection.execute("CREATE TEMP TABLE nothing AS SELECT timestamp FROM sales LIMIT 0")
        aggregates.refresh(connection, changed="nothing", timezone="Asia/Tokyo")
        step_by_step = connection.execute(ALL_SUMS).fetchall()
        aggregates.refresh(connection, timezone="Asia/Tokyo")
        assert connection.execute(ALL_SUMS).fetchall() == step_by_step
        zones = connection.execute("SELECT reporting_timezone FROM agg_state").fetchall()
    assert zones == [("Asia/Tokyo",)]


def test_a_day_left_out_is_seen(store: Store, tmp_path: Path) -> None:
    """The comparison above can fail: a forgotten day makes another table."""
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with duckdb.connect(str(path)) as connection:
        aggregates.refresh(connection)
        connection.execute("UPDATE sales SET total_sales = total_sales + ?", [Decimal("0.0001")])
        stale = connection.execute(ALL_SUMS).fetchall()
        aggregates.refresh(connection)
        assert connection.execute(ALL_SUMS).fetchall() != stale
