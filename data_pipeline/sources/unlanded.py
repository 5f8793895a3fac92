"""Which of the rows that were read have not landed before: compared as texts, out of core."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline.contract import TABLES
from data_pipeline.sources.files import BLOCK_BYTES, RawFile
from data_pipeline.sources.header import Format
from data_pipeline.sources.landed import Landed
from data_pipeline.sources.outline import LineSet, choose_records, cut_blocks
from data_pipeline.sources.scan import Positions
from data_pipeline.sources.text import TextFile
from data_pipeline.sql import quote, render, text

SEPARATOR = "CHR(31)"


def keep_unlanded(
    arrived: RawFile, landed: Sequence[Landed], columns: Sequence[str], memory_limit: str
) -> int:
    """Take out of a file the records that landed before; return how many are left.

    A record counts as landed when the last one of its key in `landed` has the same text in all of
    `columns`. The bytes of those that stay are not touched.
    """
    beside = arrived.path.parent
    with (
        tempfile.TemporaryDirectory(dir=beside, prefix=".landing-") as room,
        duckdb.connect() as connection,
    ):
        connection.execute(f"SET memory_limit = {text(memory_limit)}")
        connection.execute(f"SET temp_directory = {text(room)}")
        opened = _bring(connection, "arrived", arrived, columns, 0, wanted="TRUE")
        for file in landed:
            known = "record_key IN (SELECT record_key FROM arrived)"
            _bring(connection, "landed", file.file, columns, file.number, wanted=known)
        lines = connection.execute(render("landing/duckdb_unlanded")).fetchnumpy()
    kept = np.asarray(lines["source_line"], np.int64)
    if len(kept) < opened.rows:
        _keep(arrived.path, opened, kept)
    return len(kept)


def _bring(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    file: RawFile,
    columns: Sequence[str],
    number: int,
    *,
    wanted: str,
) -> TextFile:
    """Add a file's records to a table: key, a digest of the texts, and where they stand."""
    opened = TextFile(file, TABLES[file.table], Format())
    key = quote(TABLES[file.table].key.name)
    present = [c for c in columns if c in opened.header.positions]
    texts = ", ".join(quote(c) if c in present else "''" for c in columns)
    faults: list[int] = []
    reader = pa.RecordBatchReader.from_batches(
        pa.schema([(c, pa.string()) for c in present] + [("source_line", pa.int64())]),
        _sound(opened, present, faults),
    )
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {name} "
        "(record_key VARCHAR, content VARCHAR, number BIGINT, source_line BIGINT)"
    )
    digest = f"MD5(CONCAT_WS({SEPARATOR}, {texts}))"
    connection.register("reader", reader)
    connection.execute(
        f"INSERT INTO {name} SELECT {key} AS record_key, {digest}, {number}, source_line "
        f"FROM reader WHERE {wanted}"
    )
    connection.unregister("reader")
    rows = [(raw, raw, number, line) for raw, line in _faulty(file, opened, faults)]
    if rows:
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", rows)
    return opened


def _sound(opened: TextFile, columns: Sequence[str], faults: list[int]) -> Iterator[pa.RecordBatch]:
    """Pass on the records that could be split, and note the lines of the others."""
    for rows in chain.from_iterable(records.rest().fields() for records in opened.batches()):
        fault = rows.column("fault")
        faults += rows.filter(fault.is_valid()).column("source_line").to_pylist()
        yield rows.filter(fault.is_null()).select([*columns, "source_line"])


def _faulty(file: RawFile, opened: TextFile, lines: list[int]) -> Iterator[tuple[str, int]]:
    """Read the texts of records that could not be split: such a one is its own key."""
    wanted = _chosen(np.array(lines, np.int64))
    again = TextFile(file, TABLES[file.table], Format(), again=True)
    for rest in again.read_again(opened.outline, wanted.holds) if lines else ():
        yield from zip(rest.texts().to_pylist(), rest.lines.tolist(), strict=True)


def _keep(path: Path, opened: TextFile, lines: Positions) -> None:
    """Write the header and the records on the given lines anew."""
    wanted = _chosen(lines)
    size = sum(block.size for block in opened.outline)
    part = path.with_name(path.name + ".kept")
    with path.open("rb") as given, part.open("wb") as kept:
        kept.write(given.read(path.stat().st_size - size))
        blocks = iter(lambda: given.read(BLOCK_BYTES), b"")
        for data, noted in cut_blocks(b"", blocks, opened.outline):
            layout = choose_records(data, noted, wanted.holds)
            view = memoryview(data)
            for start, end in zip(layout.starts.tolist(), layout.ends.tolist(), strict=True):
                kept.write(view[start:end])
                kept.write(b"\n")
    part.replace(path)


def _chosen(lines: Positions) -> LineSet:
    chosen = LineSet()
    chosen.add(lines)
    return chosen
