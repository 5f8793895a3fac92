"""What has to hold for any bytes under the name of a raw file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_pipeline.contract import FUTURE_TOLERANCE, TABLES
from data_pipeline.errors import PipelineError, SourceError
from data_pipeline.extract import find_files, open_file
from data_pipeline.plain import QuickLane
from data_pipeline.sources import files as files_module
from data_pipeline.sources.header import Format
from tests.oracle import Record, RefusedError, amount_of, judge, read_file
from tests.rawfiles import STORE
from tests.shop import Shop, assert_is_star

NOW = datetime.now(UTC).replace(tzinfo=None)
LATEST = NOW + FUTURE_TOLERANCE
MEMORY = Path("/dev/shm")


@contextmanager
def folder() -> Iterator[Path]:
    """A place in memory, where there is one."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as made:
        yield Path(made)


def expected(name: str, data: bytes) -> list[Record] | None:
    """The records by the oracle; None when it refuses the file."""
    try:
        return read_file(name, data)
    except RefusedError:
        return None


def check_reading(
    raw: Path, name: str, data: bytes, block_bytes: int = 1 << 16
) -> list[str] | None:
    """Reading the file gives the oracle's records, and what the quick lane takes of them has the
    oracle's values. Gives back what became of each record; None when the file was refused.
    """
    path = raw / name
    path.write_bytes(data)
    try:
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(files_module, "BLOCK_BYTES", block_bytes)
            return _compare(raw, name, data)
    finally:
        path.unlink()


def _compare(raw: Path, name: str, data: bytes) -> list[str] | None:
    records = expected(name, data)
    try:
        found, plain, count = _read(raw)
    except SourceError as error:
        if records is not None or name not in str(error):
            raise AssertionError(f"refused, the oracle reads {len(records or ())}") from error
        return None
    assert records is not None, f"{count} records read, but the oracle refuses"
    assert count == len(records) == len(found)
    table = TABLES[table_of(name)]
    for record in records:
        read = found[record.line]
        if record.values is None:
            assert read["fault"] == record.reason, (record, read)
            continue
        assert read["fault"] is None, (record, read)
        for column in table.raw_columns:
            if column.name in record.values:
                assert read[column.name] == record.values[column.name], (column, record, read)
    for line, row in plain.items():
        values = next(r.values for r in records if r.line == line)
        assert values is not None
        amount = row.pop("total_sales", None)
        verdicts = {n: judge(table.name, n, values[n], LATEST, UTC) for n in row}
        if table.name == "sales":
            assert amount == amount_of(verdicts), values
        for name_, value in row.items():
            verdict = verdicts[name_]
            assert (value, None, ()) == (verdict.value, verdict.reason, verdict.repairs), values
    return sorted(r.reason or ("plain" if r.line in plain else "doubtful") for r in records)


def table_of(name: str) -> str:
    return next(table for table in TABLES if name.startswith(table))


def _read(raw: Path) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]], int]:
    """All records by line, the plain ones typed, and how many were counted."""
    (file,) = find_files(raw)
    opened = open_file(file, Format())
    found: dict[int, dict[str, Any]] = {}
    plain: dict[int, dict[str, Any]] = {}
    lane = QuickLane(TABLES[file.table], opened.fields, opened.delimiter, LATEST)
    for records in opened.batches():
        for row in (row for batch in records.rest().rows() for row in batch.to_pylist()):
            assert row["source_line"] not in found, "a line twice"
            found[row["source_line"]] = row
        typed, _ = lane.take(records)
        plain |= {row.pop("source_line"): row for row in typed.to_pylist()}
    assert len(opened.content_hash) == 64
    return found, plain, opened.rows


class Loading:
    """Whole runs on a good store that is loaded already."""

    def __init__(self, place: Path) -> None:
        self._template = Shop(_made(place / "template")).put(STORE)
        self._template.run()
        self._place = place / "shop"

    def check(self, files: Mapping[str, bytes]) -> None:
        """With these files beside it, the store becomes what the oracle says; or the run refuses
        by name, and the warehouse is as it was.
        """
        shutil.rmtree(self._place, ignore_errors=True)
        shop = Shop(_made(self._place)).put(STORE)
        shutil.copyfile(self._template.file, shop.file)
        shop.put(files)
        before = hashlib.sha256(shop.file.read_bytes()).digest()
        refused = [name for name, data in files.items() if expected(name, data) is None]
        if not refused:
            shop.run()
            assert_is_star(shop, shop.star())
            return
        with pytest.raises(PipelineError) as told:
            shop.run()
        assert any(name in str(told.value) for name in refused), told.value
        assert hashlib.sha256(shop.file.read_bytes()).digest() == before
        assert [p.name for p in sorted(self._place.iterdir())] == ["raw", "warehouse.duckdb"]


def _made(folder_: Path) -> Path:
    folder_.mkdir()
    return folder_


__all__ = ["Loading", "check_reading", "expected", "folder"]
