"""What became of the sales and their money in a peer's result, held against our books.

The truth is the warehouse of our own run over the same files; a test holds that against the oracle
in plain Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

VALUES = {
    "customer_id": "BIGINT",
    "product_id": "BIGINT",
    "quantity": "BIGINT",
    "price": "DECIMAL(18,4)",
    "total_sales": "DECIMAL(18,4)",
    "timestamp": "TIMESTAMP",
}
RESULT, TRUTH = "warehouse", "truth"
"""Views in a peer's warehouse name its file."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the books say of the raw sales."""

    read: int
    duplicates: int
    loaded: int
    quarantined: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the raw sales. Those `aside` are not in the result, but beside it as they were
    written; those `lost` are nowhere, and nothing says so; those `wrong` are in the result with
    another value than theirs, or should not be there. `amount_off` is what the result sums up to
    less the true amount.
    """

    kept: int
    aside: int
    lost: int
    wrong: int
    amount_off: Decimal


def read_truth(warehouse: Path) -> Truth:
    """The books of our run over the same files."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        *counts, amount = _row(
            connection,
            "SELECT sum(rows_read), sum(rows_duplicate), sum(rows_loaded), sum(rows_quarantined), "
            "sum(amount_loaded) FROM ledger WHERE source_table = 'sales'",
        )
    read, duplicates, loaded, quarantined = map(int, counts)
    return Truth(read, duplicates, loaded, quarantined, Decimal(amount))


def audit(result: Path, ours: Path) -> Outcome:
    """Hold the sales in the folder `result` against our warehouse.

    A result is warehouse.duckdb or sales.parquet; raw rows that a tool keeps are raw.sales.
    """
    truth = read_truth(ours)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH '{ours}' AS {TRUTH} (READ_ONLY)")
        sales, raw_rows = _attach(connection, result)
        kept, amount = _row(
            connection,
            f"SELECT count(*), coalesce(sum(CAST(total_sales AS DECIMAL(38,4))), 0) FROM {sales}",
        )
        same = " AND ".join(
            f'TRY_CAST(p."{name}" AS {kind}) = t."{name}"' for name, kind in VALUES.items()
        )
        (right,) = _row(
            connection,
            f"SELECT count(DISTINCT t.transaction_id) FROM {sales} AS p JOIN {TRUTH}.sales AS t "
            f"ON p.transaction_id = t.transaction_id AND {same}",
        )
    aside = max(raw_rows - truth.duplicates - kept, 0)
    lost = max(truth.read - truth.duplicates - kept - aside, 0)
    return Outcome(kept, aside, lost, kept - right, Decimal(amount) - truth.amount)


def our_outcome(ours: Path) -> Outcome:
    """Of our own run: what is quarantined stands beside the sales with its text and its reason."""
    truth = read_truth(ours)
    lost = truth.read - truth.duplicates - truth.loaded - truth.quarantined
    return Outcome(truth.loaded, truth.quarantined, lost, 0, Decimal(0))


def _attach(connection: duckdb.DuckDBPyConnection, result: Path) -> tuple[str, int]:
    """How SQL names the result's sales, and how many raw rows of them the result still has."""
    warehouse, parquet = result / "warehouse.duckdb", result / "sales.parquet"
    if not warehouse.exists():
        files = parquet / "*.parquet" if parquet.is_dir() else parquet
        return f"read_parquet('{files}')", 0
    connection.execute(f"ATTACH '{warehouse}' AS {RESULT} (READ_ONLY)")
    (has_raw,) = _row(
        connection,
        "SELECT count(*) FROM information_schema.tables "
        f"WHERE table_catalog = '{RESULT}' AND table_schema = 'raw' AND table_name = 'sales'",
    )
    (rows,) = _row(connection, f"SELECT count(*) FROM {RESULT}.raw.sales") if has_raw else (0,)
    return f"{RESULT}.main.sales", rows


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
