"""Tables as Redshift has them: types, where rows lie, and what has no room."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.contract import TABLES
from data_pipeline.errors import WarehouseError
from data_pipeline.layout import Relation
from data_pipeline.sql import quote

LONGEST_TEXT = 65_535
"""In bytes. A longer text stops the run: cut, it would be altered in silence."""
TEXT = f"VARCHAR({LONGEST_TEXT}) COLLATE CASE_SENSITIVE"
"""Texts are compared byte by byte, also in a database that was made to ignore case."""

EVERYWHERE = ("products",)
"""Small tables that are joined to the sales lie on every node."""

ARROW_TYPES = {
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1700: pa.decimal128(18, 4),
}
"""By the number of a type on the wire; all others are text."""


def place_of(relation: Relation) -> str:
    """Say on which node a row lies and in which order (docs/redshift.md): rows with one key lie
    together, so that new ones meet old ones where they are; sales lie in order of time.
    """
    names = [field.name for field in relation.fields]
    if relation.name in EVERYWHERE:
        return f" DISTSTYLE ALL SORTKEY ({quote(names[0])})"
    if names[0] not in {table.key.name for table in TABLES.values()}:
        return ""
    order = "timestamp" if "timestamp" in names else names[0]
    return f" DISTKEY ({quote(names[0])}) SORTKEY ({quote(order)})"


def with_room(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give the batch back when each of its texts has room; WarehouseError with the place if not."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if not pa.types.is_string(field.type) and not pa.types.is_large_string(field.type):
            continue
        lengths = pc.binary_length(column)
        longest = pc.max(lengths).as_py() or 0
        if longest > LONGEST_TEXT:
            row = batch.slice(pc.index(lengths, longest).as_py(), 1)
            place = ""
            if {"source_file", "source_line"} <= set(row.schema.names):
                place = f"{row['source_file'][0].as_py()}, line {row['source_line'][0].as_py()}: "
            raise WarehouseError(
                f"{place}{field.name} has {longest:,} bytes, and Redshift keeps texts of at most "
                f"{LONGEST_TEXT:,}; nothing was loaded. Shorten it in the raw file"
            )
    return batch
