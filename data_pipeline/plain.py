"""The quick lane: rows whose every value is beyond doubt, from text to types in one pass.

A value is beyond doubt when it is written in the contract's own form, with nothing to repair. Here
the contract is put into the terms of the compiled reader (`sources/kernel.py`), and what that takes
becomes typed rows. Everything else is left to the contract lane (`judge.py`), which knows all
forms; a shared test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

from data_pipeline.contract import (
    BLANKS,
    NULL,
    Column,
    Default,
    Email,
    Instant,
    Money,
    Table,
    Text,
    Whole,
)
from data_pipeline.errors import BooksError
from data_pipeline.sources.arrays import numbers, of_numbers, valid_where
from data_pipeline.sources.header import Format
from data_pipeline.sources.kernel import Empty, Field, Kernel, Kind, Letter, Values, unavailable
from data_pipeline.sources.reading import Records, Rest
from data_pipeline.sources.scan import Bytes

PLAIN_UNITS, PLAIN_PRICE = 999_999, 99_999_999
"""Up to these, the product of both fits the amount: the quick lane takes no larger ones."""

TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DECIMAL(18,4)": pa.decimal64(18, 4),  # as DuckDB has it in memory
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
}


def applies(table: Table, format_: Format) -> bool:
    """Whether the quick lane may be taken: the source writes values as the contract does, and the
    kernel runs here.
    """
    times = any(isinstance(c.type, Instant) for c in table.raw_columns)
    local = times and (format_.timestamp is not None or format_.timezone != "UTC")
    return format_.decimal == "." and not local and not unavailable()


class QuickLane:
    """Takes the plain rows of one file, of whose records the `fields` are named (None: the contract
    does not have it). `latest` is the last instant (UTC) that is not in the future. `schema` is
    that of the typed rows: the columns that the file has, those that follow from them, and
    `source_line`.
    """

    def __init__(
        self, table: Table, fields: Sequence[str | None], delimiter: str, latest: datetime
    ) -> None:
        self._names = fields
        self._derived = [c for c in table.columns if c.derived]
        columns = [*(c for c in table.raw_columns if c.name in fields), *self._derived]
        typed = [pa.field(c.name, TYPES[c.type.sql]) for c in columns]
        self.schema = pa.schema([*typed, pa.field("source_line", pa.int64())])
        wanted = [_field(table.by_name[name], latest) if name else Field() for name in fields]
        self._kernel = Kernel(wanted, delimiter, BLANKS, _letters_of(Email()))

    def take(self, records: Records) -> tuple[pa.RecordBatch, Rest]:
        """Split records: the plain ones typed, and the rest. Raises BooksError unless each record
        that was counted is in one of the two, once.
        """
        taken = self._kernel.read(records.lines())
        rest = records.rest(taken.left)
        read = np.sort(np.concatenate((taken.lines, rest.lines)), kind="stable")
        if not np.array_equal(read, records.begins):
            raise BooksError(
                f"{records.where}: {len(records.begins)} records were counted, {len(read)} were "
                "read, and not the same ones; nothing was loaded"
            )
        values = {
            name: _array(found, self.schema.field(name).type)
            for name, found in zip(self._names, taken.values, strict=True)
            if name and found
        }
        values["source_line"] = of_numbers(taken.lines, pa.int64())
        values |= {column.name: _amount(values) for column in self._derived}
        columns = [values[name] for name in self.schema.names]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema), rest


def _amount(values: Mapping[str, pa.Array]) -> pa.Array:
    """Quantity times price, exact: both are whole numbers here, and small enough."""
    units = numbers(values["quantity"]) * numbers(values["price"])
    return of_numbers(units, TYPES["DECIMAL(18,4)"])


def _array(values: Values, type_: pa.DataType) -> pa.Array:
    if type_ == pa.string():
        parts = [None, pa.py_buffer(values.numbers), pa.py_buffer(values.letters)]
        array = pa.Array.from_buffers(type_, len(values.numbers) - 1, parts)
    else:
        array = of_numbers(values.numbers, type_)
    return array if values.valid is None else valid_where(array, values.valid)


def _field(column: Column, latest: datetime) -> Field:
    """The column in the kernel's terms."""
    field = _field_of_kind(column, latest)
    match column.missing:
        case Default(value=int(value)) if not column.missing.counted:
            return replace(field, empty=Empty.IS_FALLBACK, fallback=value)
        case _ if column.missing == NULL:
            return replace(field, empty=Empty.IS_NULL)
    return replace(field, empty=Empty.IS_DOUBTFUL)


def _field_of_kind(column: Column, latest: datetime) -> Field:
    match column.type:
        case Whole() as whole:
            limit = PLAIN_UNITS if whole.sql == "INTEGER" else whole.high
            low, high = max(whole.low, -limit), min(whole.high, limit)
            is_wide = whole.sql == "BIGINT"
            return Field(Kind.WHOLE, low=low, high=high, nonzero=whole.nonzero, is_wide=is_wide)
        case Money() as money:
            limits = max(money.low, Decimal(0)), min(money.high, Decimal(PLAIN_PRICE))
            low, high = (int(limit.scaleb(money.scale)) for limit in limits)
            return Field(Kind.MONEY, low=low, high=high, is_wide=True)
        case Instant():
            return Field(Kind.INSTANT, high=micros(latest), is_wide=True)
        case Email():
            return Field(Kind.EMAIL, marks=column.missing_marks)
        case Text():
            return Field(Kind.TEXT, marks=column.missing_marks)


def micros(moment: datetime) -> int:
    """The microseconds from 1970-01-01 to a moment (UTC, without zone)."""
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _letters_of(address: Email) -> Bytes:
    """Where each byte may stand in an address that is in lower case already. Only ASCII is known
    here: of other letters the case is not.
    """
    classes = np.zeros(256, np.uint8)
    for byte in range(128):
        letter = chr(byte)
        if letter == letter.lower():
            classes[byte] |= Letter.IN_LOCAL * bool(re.fullmatch(address.local, letter))
            classes[byte] |= Letter.IN_DOMAIN * bool(re.fullmatch(address.domain, letter))
    return classes
