"""Newer versions of what earlier files said: which records they replace, and what they say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data_pipeline.simulator.answer_key import KEY_SCHEMA, key_rows
from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.dirt.sheet import SUPERSEDED, Marks, Words, text_of
from data_pipeline.simulator.identities import moved_to
from data_pipeline.simulator.randomness import Ints, hashed
from data_pipeline.simulator.records import customer_records, instants
from data_pipeline.simulator.sales import Business, Lines
from data_pipeline.simulator.state import Pending


def places(table: str, kind: str, where: Pending, keys: Ints) -> pa.Table:
    rows = np.arange(len(where))
    marks = Marks(rows, kind, SUPERSEDED, SUPERSEDED, None, None)
    key = key_rows(table, "", where.line, keys, marks)
    return key.set_column(1, KEY_SCHEMA.field("source_file"), where.file)


def amount_of(lines: Lines) -> Ints:
    return lines.quantity * lines.price


def moves(business: Business, index: Ints, day: int) -> tuple[pa.Table, Words]:
    """Return customers with another place to live, and the places."""
    seed = business.parameters.seed
    records = customer_records(business, index)
    where = moved_to(seed, index, records["location"].combine_chunks())
    moment = business.demand.epoch_day(day) * SECONDS_A_DAY
    second = moment + (hashed(seed, "moved-at", index) * SECONDS_A_DAY).astype(np.int64)
    changes = {"location": where, "updated_at": instants(second)}
    columns = {n: changes.get(n, records[n]) for n in records.column_names}
    return pa.table(columns), text_of(where)
