"""Keys that come more than once, whatever the order and the batches they come in."""

from __future__ import annotations

import duckdb
import pytest

from data_pipeline.engines.doubled import find_doubled

BATCH = 122_880

ORDERS = {
    "rising, and again in the next batch": f"range % {BATCH}",
    "rising, with the last one again": f"least(range, {2 * BATCH - 2})",
    "rising, then one of the first": f"CASE WHEN range < {2 * BATCH - 1} THEN range ELSE 7 END",
    "falling, and again": f"{BATCH} - range % {BATCH}",
    "each once, rising": "range",
    "each once, falling": f"{2 * BATCH} - range",
}


@pytest.mark.parametrize("order", ORDERS)
def test_doubled_keys_are_found(order: str) -> None:
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(f"CREATE TABLE t AS SELECT {ORDERS[order]} AS k FROM range({2 * BATCH})")
    again = connection.execute("SELECT k FROM t GROUP BY k HAVING COUNT(*) > 1 ORDER BY k")
    expected = [key for (key,) in again.fetchall()]
    low, high = connection.execute("SELECT MIN(k), MAX(k) FROM t").fetchall()[0]
    found = find_doubled(connection.sql("SELECT k FROM t"), "k", low, high)
    assert found.column("k").to_pylist() == expected
    assert bool(expected) == ("each once" not in order)
