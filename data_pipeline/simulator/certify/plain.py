"""The plain records of a raw file: what stands on one line and has nothing odd in its form.

It is a reader for measuring, not for loading: what it leaves out is two records in a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from data_pipeline.simulator.records import COLUMNS

NEEDED = {
    "customers": ("customer_id", "email", "location", "registered_at"),
    "products": ("product_id", "category"),
    "sales": (
        "transaction_id", "order_id", "customer_id", "product_id", "quantity", "price", "timestamp",
    ),
}  # fmt: skip
BLOCK_BYTES = 16 << 20


def plain_records(path: Path, table: str) -> Iterator[pa.Table]:
    """Yield the needed columns of a raw file as text, some thousand records at once."""
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches(columns=list(NEEDED[table])):
            yield pa.table({n: _as_text(batch[n]) for n in NEEDED[table]})
        return
    reader = pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(
            column_names=["line"], skip_rows=1, block_size=BLOCK_BYTES
        ),
        parse_options=pyarrow.csv.ParseOptions(delimiter="\x01", quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(column_types={"line": pa.binary()}),
    )
    for batch in reader:
        lines = batch["line"]
        yield _quoted_place(lines) if table == "customers" else _unquoted(lines, table)


def _as_text(column: pa.Array) -> pa.Array:
    whole = column.cast(pa.timestamp("s")) if pa.types.is_timestamp(column.type) else column
    return pc.fill_null(whole.cast(pa.string()), "")


def _unquoted(lines: pa.Array, table: str) -> pa.Table:
    names = COLUMNS[table]
    plain = pc.equal(pc.count_substring(lines, ","), len(names) - 1)
    lines = lines.filter(pc.and_not(plain, pc.match_substring(lines, '"')))
    return _fields(lines, names, NEEDED[table])


def _quoted_place(lines: pa.Array) -> pa.Table:
    """Split lines of customers at the quotes around their location, the only ones they have."""
    before, after = COLUMNS["customers"][:3], COLUMNS["customers"][4:]
    lines = lines.filter(pc.equal(pc.count_substring(lines, '"'), 2))
    parts = pc.split_pattern(lines, '"')
    left, place, right = (pc.list_element(parts, i) for i in range(3))
    whole = pc.and_(
        pc.equal(pc.count_substring(left, ","), len(before)),
        pc.equal(pc.count_substring(right, ","), len(after)),
    )
    left, place, right = (part.filter(whole) for part in (left, place, right))
    found = _fields(left, (*before, ""), ("customer_id", "email"))
    found = found.append_column("location", place.cast(pa.string()))
    joined = _fields(right, ("", *after), ("registered_at",))
    return found.append_column("registered_at", joined["registered_at"])


def _fields(lines: pa.Array, names: tuple[str, ...], wanted: tuple[str, ...]) -> pa.Table:
    parts = pc.split_pattern(lines, ",")
    return pa.table({n: pc.list_element(parts, names.index(n)).cast(pa.string()) for n in wanted})
