"""Metrics at the end of the whole pipeline: the simulator's true totals, real sales by month."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_pipeline import Settings, run
from data_pipeline.metrics import open_reader, query
from data_pipeline.simulator.answer_key import TOTALS_FILE
from data_pipeline.simulator.parameters import preset
from data_pipeline.simulator.store import simulate

ONLINE_RETAIL = Path(__file__).parents[3] / "shared" / "data" / "online_retail"


def test_net_sales_by_day_are_the_true_daily_totals(tmp_path: Path) -> None:
    raw, url = tmp_path / "raw", f"duckdb:///{tmp_path}/store.duckdb"
    simulate(preset("default").resized(sales=4000, days=120, defects=0.05, seed=5), raw)
    run(Settings(raw=raw, warehouse=url, processed=None))
    totals = pq.read_table(raw / TOTALS_FILE).to_pylist()
    true = {row["day"]: row["amount_loaded"] for row in totals if row["sales_loaded"]}
    with open_reader(url) as reader:
        frame = query(reader, ["net_sales"], by=["day"])
    assert dict(frame.rows) == true
    assert len(true) > 100


@pytest.mark.skipif(not ONLINE_RETAIL.is_dir(), reason=f"{ONLINE_RETAIL} is not there")
def test_real_sales_by_month(tmp_path: Path) -> None:
    true: dict[date, Decimal] = defaultdict(Decimal)
    with gzip.open(ONLINE_RETAIL / "sales.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            month = date.fromisoformat(row["timestamp"][:10]).replace(day=1)
            if not row["price"].startswith("-"):
                true[month] += int(row["quantity"]) * Decimal(row["price"])
    url = f"duckdb:///{tmp_path}/real.duckdb"
    run(Settings(raw=ONLINE_RETAIL, warehouse=url, processed=None))
    with open_reader(url) as reader:
        frame = query(reader, ["net_sales", "paid_sales", "orders"], by=["month"])
        assert query(reader, ["paid_sales"]).rows == ((Decimal("10666684.5440"),),)
    assert dict(zip(frame["month"], frame["net_sales"], strict=True)) == true
    assert true[date(2011, 11, 1)] == Decimal("1461756.2500")
