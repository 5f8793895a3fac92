"""Tables of BigQuery: how they are declared, and how rows go in as Parquet or as parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.layout import Field, Relation
from data_pipeline.warehouses.bqjobs import LABEL, Column

KINDS = {
    "VARCHAR": "STRING",
    "BIGINT": "INT64",
    "INTEGER": "INT64",
    "BOOLEAN": "BOOL",
    "DECIMAL(18,4)": "NUMERIC(18, 4)",
    "DECIMAL(38,4)": "NUMERIC(33, 4)",
}
"""Our types as BigQuery calls them. A NUMERIC with four decimals has 33 digits at most."""

ARROW = {
    "INTEGER": pa.int64(),
    "NUMERIC": pa.decimal128(18, 4),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
}
PARAMETERS = {pa.int64(): "INT64", pa.string(): "STRING", pa.date32(): "DATE"}
"""The types of columns that travel as parameters."""

NOTHING = {pa.int64(): 0, pa.string(): "", pa.date32(): date(1970, 1, 1)}
"""What is sent for a missing value: arrays of BigQuery had better have no NULL."""

ROWS_A_FILE = 5_000_000
BYTES_A_CALL = 2_000_000
"""So much goes with one statement as parameters; a request may have 10 MB, and quotes take room."""


def table_ddl(relation: Relation, unit: str, *, replace: bool = False) -> str:
    """The statement that makes a table, with what it is, its keys (as information: BigQuery
    enforces none), how it is partitioned and clustered, and whose it is.
    """
    lines = [
        f"`{f.name}` {KINDS.get(f.sql, f.sql)}{'' if f.nullable else ' NOT NULL'} "
        f"OPTIONS (description = {_text(f.description)})"
        for f in relation.fields
    ]
    if relation.key:
        lines.append(f"PRIMARY KEY (`{relation.key}`) NOT ENFORCED")
    for column, target in relation.references:
        lines.append(f"FOREIGN KEY (`{column}`) REFERENCES `{target}` (`{column}`) NOT ENFORCED")
    kinds = {field.name: field.sql for field in relation.fields}
    times = [name for name in relation.sought if kinds[name] == "TIMESTAMP"]
    others = [name for name in relation.sought if name not in times]
    if not times and relation.key:
        others.insert(0, relation.key)
    by = "".join(f" PARTITION BY TIMESTAMP_TRUNC(`{name}`, {unit})" for name in times)
    clustered = f" CLUSTER BY {', '.join(f'`{name}`' for name in others)}" if others else ""
    labels = ", ".join(f"('{key}', '{value}')" for key, value in LABEL.items())
    return (
        f"CREATE {'OR REPLACE ' if replace else ''}TABLE `{relation.name}` ({', '.join(lines)})"
        f"{by}{clustered} OPTIONS (description = {_text(relation.grain)}, labels = [{labels}])"
    )


def _text(said: str) -> str:
    return "'" + said.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _schema_field(field: Field) -> Any:
    from google.cloud.bigquery import SchemaField

    kind, _, size = KINDS.get(field.sql, field.sql).partition("(")
    mode = "NULLABLE" if field.nullable else "REQUIRED"
    told: dict[str, Any] = {"mode": mode, "description": field.description}
    if size:
        told["precision"], told["scale"] = map(int, size.rstrip(")").split(","))
    return SchemaField(field.name, kind, **told)


def arrow_schema(fields: Iterable[Any]) -> pa.Schema:
    """The schema of rows that are read, as every warehouse gives them."""
    return pa.schema([(field.name, ARROW.get(field.field_type, pa.string())) for field in fields])


def load_schema(relation: Relation) -> list[Any]:
    """The schema that a load job is told, so that nothing is guessed from the file."""
    return [_schema_field(field) for field in relation.fields]


def parquet_files(batches: Iterable[pa.RecordBatch], folder: Path, name: str) -> Iterator[Path]:
    """Write batches into files of some million rows; each is given when it is complete. Times are
    written as instants: a Parquet file without zone would be loaded as DATETIME.
    """
    writer, rows, path = None, 0, folder / f"{name}.parquet"
    for batch in batches:
        dated = batch.cast(_in_utc(batch.schema))
        if writer is None:
            writer = pq.ParquetWriter(path, dated.schema)
        writer.write_batch(dated)
        rows += batch.num_rows
        if rows >= ROWS_A_FILE:
            writer.close()
            writer, rows = None, 0
            yield path
    if writer is not None:
        writer.close()
        yield path


def _in_utc(schema: pa.Schema) -> pa.Schema:
    instant = pa.timestamp("us", "UTC")
    return pa.schema([f.with_type(instant) if pa.types.is_timestamp(f.type) else f for f in schema])


def parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch so that each part fits into one request."""
    rows = max(1, batch.num_rows * BYTES_A_CALL // max(batch.nbytes, BYTES_A_CALL))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def as_parameters(part: pa.RecordBatch) -> tuple[str, dict[str, Column]]:
    """The rows as parameters, an array a column; and the SELECT list that gives row `number`."""
    expressions, told = [], {}
    for i, column in enumerate(part.columns):
        expression = f"@c{i}[ORDINAL(number)]"
        told[f"c{i}"] = Column(
            PARAMETERS[column.type], column.fill_null(NOTHING[column.type]).to_pylist()
        )
        if column.null_count:
            told[f"k{i}"] = Column("INT64", column.is_valid().cast(pa.int64()).to_pylist())
            expression = f"IF(@k{i}[ORDINAL(number)] = 1, {expression}, NULL)"
        expressions.append(expression)
    return ", ".join(expressions), told
