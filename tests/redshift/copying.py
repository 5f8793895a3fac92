"""COPY as Redshift does it: Parquet objects below a prefix, with its own ideas of what is fine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_pipeline.warehouses.pgcopy import encode

LONGEST_TEXT = 65_535
FAR = pa.scalar(60_000 * 365 * 86_400 * 1_000_000, pa.int64())
"""How far away a time is that was written as a whole number."""


class CopyError(Exception):
    """The COPY fails, in Redshift's words."""


def read_rows(client: Any, bucket: str, prefix: str) -> Iterator[bytes]:
    """The rows of all objects, in the binary format of PostgreSQL's COPY."""
    try:
        found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    except client.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        said = "Access Denied,Status 403" if code == "AccessDenied" else f"{code},Status 404"
        raise CopyError(f"S3ServiceException:{said}") from None
    if not found:
        raise CopyError(f"The specified S3 prefix '{prefix}' does not exist")
    batches = []
    for entry in found:
        body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        batches += _batches(body)
    yield from encode(batches)


def _batches(body: bytes) -> list[pa.RecordBatch]:
    file = pq.ParquetFile(io.BytesIO(body))
    table = file.read()
    for number, field in enumerate(table.schema):
        column = table.column(number)
        if pa.types.is_timestamp(field.type):
            kind = file.schema.column(number).physical_type
            table = table.set_column(number, field.name, _moments(column, kind))
        elif pa.types.is_string(field.type):
            longest = pc.max(pc.binary_length(column)).as_py() or 0
            if longest > LONGEST_TEXT:
                raise CopyError(
                    "Spectrum Scan Error: The length of the data column "
                    f"{field.name} is longer than the length defined in the table"
                )
    batches: list[pa.RecordBatch] = table.combine_chunks().to_batches()
    return batches


def _moments(column: Any, kind: str) -> Any:
    """INT96 is read as the moment it means; a whole number as one far away."""
    moments = column.cast(pa.timestamp("us"))
    if kind == "INT96":
        return moments
    return pc.add(moments.cast(pa.int64()), FAR).cast(pa.timestamp("us"))
