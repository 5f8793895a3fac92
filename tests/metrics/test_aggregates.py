"""The daily sums are the sales, whatever was loaded in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from data_pipeline import aggregates
from data_pipeline.metrics import DIMENSIONS, METRICS, Frame, open_reader, query
from data_pipeline.metrics.composing import DAILY_DIMENSIONS
from data_pipeline.metrics.metric import EVERYTHING
from data_pipeline.warehouses import open_warehouse
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
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse, timezone=timezone)
        warehouse.rows("DELETE FROM sales")
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
    with open_warehouse(f"duckdb:///{path}") as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        warehouse.rows(f"ATTACH '{tmp_path}/late.duckdb' AS late (READ_ONLY)")
        warehouse.rows(
            "CREATE TEMP TABLE changed_sales AS SELECT timestamp FROM late.main.sales UNION ALL "
            f"SELECT timestamp FROM main.sales WHERE transaction_id = {moved.transaction_id}"
        )
        warehouse.rows(f"DELETE FROM sales WHERE transaction_id = {moved.transaction_id}")
        warehouse.rows("INSERT INTO sales SELECT * FROM late.main.sales")
        aggregates.refresh(warehouse, changed="changed_sales")
        step_by_step = warehouse.rows(ALL_SUMS)
        aggregates.refresh(warehouse)
        assert step_by_step == warehouse.rows(ALL_SUMS)
        assert step_by_step


def test_nothing_changed_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with open_warehouse(f"duckdb:///{path}") as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        before = warehouse.rows(ALL_SUMS)
        warehouse.rows("CREATE TEMP TABLE nothing AS SELECT timestamp FROM sales LIMIT 0")
        aggregates.refresh(warehouse, changed="nothing")
        assert warehouse.rows(ALL_SUMS) == before


def test_another_time_zone_sums_everything_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with open_warehouse(f"duckdb:///{path}") as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        warehouse.rows("CREATE TEMP TABLE nothing AS SELECT timestamp FROM sales LIMIT 0")
        aggregates.refresh(warehouse, changed="nothing", timezone="Asia/Tokyo")
        step_by_step = warehouse.rows(ALL_SUMS)
        aggregates.refresh(warehouse, timezone="Asia/Tokyo")
        assert warehouse.rows(ALL_SUMS) == step_by_step
        zones = warehouse.rows("SELECT reporting_timezone FROM agg_state")
    assert zones == [("Asia/Tokyo",)]


def test_a_day_left_out_is_seen(store: Store, tmp_path: Path) -> None:
    """The comparison above can fail: a forgotten day makes another table."""
    path = tmp_path / "store.duckdb"
    write_store(store, path)
    with open_warehouse(f"duckdb:///{path}") as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        warehouse.rows("UPDATE sales SET total_sales = total_sales + $d", {"d": Decimal("0.0001")})
        stale = warehouse.rows(ALL_SUMS)
        aggregates.refresh(warehouse)
        assert warehouse.rows(ALL_SUMS) != stale


def test_days_and_categories_are_filtered_in_the_sums_too(store: Store, tmp_path: Path) -> None:
    url = write_store(store, tmp_path / "store.duckdb")

    def ask() -> Frame:
        with open_reader(url) as reader:
            return query(
                reader,
                ADDITIVE,
                by=["month"],
                since=date(2025, 1, 15),
                until=date(2025, 3, 2),
                where={"category": ["Books", "Toys"]},
            )

    slow = ask()
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        warehouse.rows("DELETE FROM sales")
    assert ask() == slow
    assert len(slow) == 3
