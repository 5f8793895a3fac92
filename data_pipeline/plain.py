"""The quick lane: rows whose every value is beyond doubt, from text to types in whole columns.

A value is beyond doubt when it is written in the contract's own form, with nothing to repair: that
can be seen in its bytes, a column of a batch at a time. Everything else is left to the contract
lane (`judge.py`), which knows all forms; a shared test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.contract import (
    NO_BLANK_ENDS,
    QUARANTINE,
    Column,
    Default,
    Email,
    Instant,
    Money,
    Table,
    Text,
    Whole,
)
from data_pipeline.sources.arrays import mask, numbers, of_mask, of_numbers, of_texts, valid_where
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.instants import micros, read_instants
from data_pipeline.sources.letters import Letters
from data_pipeline.sources.scan import Mask

PLAIN_UNITS, PLAIN_PRICE = 999_999, 99_999_999
"""Up to these, the product of both fits the amount: the quick lane takes no larger ones."""

IS_PLAIN = "is_plain"

LONGEST_WHOLE, LONGEST_MONEY = 19, 13
"""Numbers of so many characters fit 64 bits, whatever their digits are."""

DIGITS, DOT, MINUS = np.uint8(10), ord("."), ord("-")
ZERO, CAPITALS = np.uint8(ord("0")), np.uint8(ord("A"))
BLANK_BYTES = np.isin(np.arange(256), list(b" \t\n\r\v\f"))
MAY_BEGIN_BLANK = BLANK_BYTES | np.isin(np.arange(256), [0xC2, 0xE3, 0xEF])
MAY_END_BLANK = BLANK_BYTES | (np.arange(256) >= 0x80)
"""Bytes that a text may begin or end with which trimming would change."""

WHOLE = {"BIGINT": np.int64, "INTEGER": np.int32}
TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DECIMAL(18,4)": pa.decimal64(18, 4),  # as DuckDB has it in memory
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
}


def has_plain_forms(table: Table, format_: Format) -> bool:
    """Whether the source writes values as the contract does, so that the quick lane applies."""
    times = any(isinstance(c.type, Instant) for c in table.raw_columns)
    local = times and (format_.timestamp is not None or format_.timezone != "UTC")
    return format_.decimal == "." and not local


def typed_schema(table: Table, header: Header) -> pa.Schema:
    """The schema of typed rows: the columns that the file has, those that follow from them,
    `source_line`, and whether the row is plain.
    """
    columns = [*_present(table, header), *_derived(table)]
    fields = [pa.field(c.name, TYPES[c.type.sql]) for c in columns]
    fields += [pa.field("source_line", pa.int64()), pa.field(IS_PLAIN, pa.bool_())]
    return pa.schema(fields)


def take_plain(
    table: Table, header: Header, batch: pa.RecordBatch, latest: datetime
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Split a batch of text rows: all of them typed, and those that are not plain as they are.

    The typed ones say of themselves whether they are plain; others hold anything. To take these
    out is left to who reads them, for whom it costs no copy. `latest` is the last instant (UTC)
    that is not in the future.
    """
    schema = typed_schema(table, header)
    if batch.column("fault").null_count == 0:
        nothing = [pa.nulls(0, field.type) for field in schema]
        return pa.RecordBatch.from_arrays(nothing, schema=schema), batch
    plain = mask(batch.column("fault").is_null())
    values = {"source_line": batch.column("source_line")}
    for column in _present(table, header):
        values[column.name], good = _read(column, batch.column(column.name), latest)
        plain &= good
    values |= {column.name: _amount(values) for column in _derived(table)}
    values[IS_PLAIN] = of_mask(plain)
    typed = pa.RecordBatch.from_arrays([values[name] for name in schema.names], schema=schema)
    return typed, batch.slice(0, 0) if plain.all() else batch.filter(of_mask(~plain))


def _present(table: Table, header: Header) -> list[Column]:
    return [c for c in table.raw_columns if c.name in header.positions]


def _derived(table: Table) -> list[Column]:
    return [c for c in table.columns if c.derived]


def _amount(values: Mapping[str, pa.Array]) -> pa.Array:
    """Quantity times price, exact: both are whole numbers here, and small enough where plain."""
    units = numbers(values["quantity"]) * numbers(values["price"])
    return of_numbers(units, TYPES["DECIMAL(18,4)"])


def _may_be_empty(column: Column) -> bool:
    """Whether a missing value is neither a reason to quarantine nor a repair."""
    counted = isinstance(column.missing, Default) and column.missing.counted
    return column.missing != QUARANTINE and not counted


def _read(column: Column, texts: pa.StringArray, latest: datetime) -> tuple[pa.Array, Mask]:
    """Read a column of texts, and say which of its values are plain; the others may be anything."""
    letters = Letters.of(texts)
    empty = letters.bounds[1:] == letters.bounds[:-1]
    match column.type:
        case Whole():
            values, good = _read_whole(column, column.type, letters)
        case Money():
            values, good = _read_money(column.type, letters)
        case Instant():
            values, good = _read_instant(texts, latest)
        case Email():
            good = _is_text(column, texts, letters) & _is_email(column.type, texts, letters)
            values = texts
        case Text():
            values, good = texts, _is_text(column, texts, letters)
    if empty.any():
        good = good | empty if _may_be_empty(column) else good & ~empty
        if not isinstance(column.missing, Default):
            values = valid_where(values, ~empty)
    return values, good & mask(texts.is_valid()) if texts.null_count else good


def _read_whole(column: Column, type_: Whole, letters: Letters) -> tuple[pa.Array, Mask]:
    """ASCII digits alone, perhaps behind a minus."""
    lengths = letters.lengths
    shaped = (lengths > 0) & (lengths <= LONGEST_WHOLE)
    odd = np.flatnonzero(letters.data - ZERO >= DIGITS)
    signed = type_.low < 0
    if len(odd):
        owners = letters.owners(odd)
        if signed:
            sign = (letters.data[odd] == MINUS) & (odd == letters.starts[owners])
            owners = owners[~(sign & (lengths[owners] > 1) & (lengths[owners] < LONGEST_WHOLE))]
        shaped[owners] = False
    if signed:
        shaped &= lengths < LONGEST_WHOLE
    cast = letters.texts(shaped).cast(pa.int64() if signed else pa.uint64())
    values = numbers(cast)
    limit = min(type_.high, PLAIN_UNITS) if type_.sql == "INTEGER" else type_.high
    good = shaped & (values >= max(type_.low, -limit)) & (values <= limit)
    if type_.nonzero:
        good &= values != 0
    default = column.missing.value if isinstance(column.missing, Default) else 0
    kept = np.where(good, values, np.array(default, values.dtype))
    return of_numbers(kept.astype(WHOLE[type_.sql]), TYPES[type_.sql]), good


def _read_money(type_: Money, letters: Letters) -> tuple[pa.Array, Mask]:
    """Digits, or digits, one point and one to four digits."""
    data, bounds = letters.data, letters.bounds
    good = (letters.lengths > 0) & (letters.lengths <= LONGEST_MONEY)
    points = data == DOT
    good[letters.owners(np.flatnonzero((data - ZERO >= DIGITS) & ~points))] = False
    before = np.zeros(len(data) + 1, np.int32)
    np.cumsum(points, out=before[1:])
    many = before[bounds[1:]] - before[bounds[:-1]]
    digits = Letters(data[~points], bounds - before[bounds])
    places = np.zeros(len(many), np.int64)
    if len(where := np.flatnonzero(points)):
        point = where[np.minimum(before[letters.starts], len(where) - 1)]
        places = np.where(many == 1, letters.ends - 1 - point, 0)
        pointed = (places >= 1) & (places <= type_.scale) & (point > letters.starts)
        good &= (many == 0) | ((many == 1) & pointed)
    worth = (10 ** np.arange(type_.scale, -1, -1))[np.clip(places, 0, type_.scale)]
    cast = digits.texts(good).cast(pa.int64())
    units = numbers(cast) * worth
    good &= units <= PLAIN_PRICE * 10**type_.scale
    return of_numbers(units, TYPES[type_.sql]), good


def _read_instant(texts: pa.StringArray, latest: datetime) -> tuple[pa.Array, Mask]:
    read, good = read_instants(texts)
    good &= read <= micros(latest)
    return of_numbers(read, pa.timestamp("us")), good


def _is_text(column: Column, texts: pa.StringArray, letters: Letters) -> Mask:
    """Nothing to trim, and no mark that stands for a missing value."""
    first, last = letters.at(letters.starts), letters.at(letters.ends - 1)
    shaped = np.ones(len(texts), bool)
    suspects = np.flatnonzero(MAY_BEGIN_BLANK[first] | MAY_END_BLANK[last])
    if len(suspects):
        chosen = texts.take(of_numbers(suspects, pa.int64()))
        shaped[suspects] = mask(pc.match_substring_regex(chosen, NO_BLANK_ENDS))
    marks = [mark for mark in column.missing_marks if mark]
    if marks:
        short = np.flatnonzero(letters.lengths <= max(map(len, marks)))
        if len(short):
            chosen = texts.take(of_numbers(short, pa.int64()))
            shaped[short] &= ~mask(pc.is_in(chosen, of_texts(marks)))
    return shaped


def _is_email(type_: Email, texts: pa.StringArray, letters: Letters) -> Mask:
    """Of the pattern, and ASCII without capitals; of other letters the case is not known here."""
    shaped = mask(pc.match_substring_regex(texts, type_.pattern))
    odd = np.flatnonzero((letters.data >= 0x80) | (letters.data - CAPITALS < 26))
    shaped[letters.owners(odd)] = False
    return shaped
