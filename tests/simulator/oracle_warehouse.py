"""A warehouse as the oracle fills it: what a perfect pipeline makes of a directory of raw files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from data_pipeline.contract import TABLES
from tests.oracle import RawFile, Star, build_star
from tests.oracle.star import ORDER

TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
}


def perfect_star(raw: Path) -> Star:
    """The star of the raw files in a directory."""
    seen = datetime.now(UTC).replace(tzinfo=None)
    names = sorted(f for f in raw.iterdir() if f.name.startswith(tuple(TABLES)))
    return build_star(RawFile(f.name, f.read_bytes(), seen) for f in names)


def fill(path: Path, star: Star, spoil: Callable[[Star], None] | None = None) -> str:
    """Write a star as a DuckDB warehouse, or a copy that `spoil` has been at; return its URL."""
    if spoil:
        star = Star({t: [*rows] for t, rows in star.loaded.items()}, [*star.quarantined])
        spoil(star)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for name, table in TABLES.items():
            order = ORDER[name]
            rows = star.loaded[name]
            columns = {
                column: pa.array(
                    [row.values[index] for row in rows], TYPES[table.by_name[column].type.sql]
                )
                for index, column in enumerate(order)
            }
            columns["source_file"] = pa.array([r.file for r in rows], pa.string())
            columns["source_line"] = pa.array([r.line for r in rows], pa.int64())
            columns["repairs"] = pa.array([r.repairs for r in rows], pa.string())
            connection.register("arrived", pa.table(columns))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrived")
        bad = star.quarantined
        columns = {
            "source_table": pa.array([q.table for q in bad], pa.string()),
            "source_file": pa.array([q.file for q in bad], pa.string()),
            "source_line": pa.array([q.line for q in bad], pa.int64()),
            "reason": pa.array([q.reason for q in bad], pa.string()),
        }
        connection.register("arrived", pa.table(columns))
        connection.execute("CREATE TABLE quarantine AS SELECT * FROM arrived")
        connection.execute("CREATE TABLE runs (run_id BIGINT, settings VARCHAR)")
    return f"duckdb:///{path}"
