"""Some days of a simulated shop as files that may come in any order, and what else may come."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.store import simulate
from tests.oracle import read_file
from tests.rawfiles import customers, products, sales

DIALS = PRESETS["default"].resized(
    sales=240, customers=40, products=20, days=30, seed=8, defects=0.15, end=date(2025, 6, 30)
)
DAYS = 5
PARTS = 3


@dataclass(frozen=True)
class History:
    """Raw files by name: `first` has one of each table, `later` may come at any time."""

    first: dict[str, bytes]
    later: dict[str, bytes]


@lru_cache
def history() -> History:
    """A month in parts, five days more with corrections and late dimensions, and rows that have
    nothing but their place to say which of them wins.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        simulate(DIALS, raw)
        month = {name: (raw / name).read_bytes() for name in ("customers.csv", "products.csv")}
        whole = (raw / "sales.csv").read_bytes()
        before = {path.name for path in raw.iterdir()}
        continue_store(raw, DAYS)
        days = {p.name: p.read_bytes() for p in raw.glob("*.csv") if p.name not in before}
    parts = parts_of("sales.csv", whole)
    return History(
        {"sales-part-2.csv": parts[1], **{name: parts_of(name, month[name])[0] for name in month}},
        days
        | {"sales-part-1.csv": parts[0], "sales-part-10.csv": parts[2]}
        | {name.replace(".", "-B."): parts_of(name, month[name])[1] for name in month}
        | {name.replace(".", "_a."): parts_of(name, month[name])[2] for name in month}
        | rivals(),
    )


def parts_of(name: str, data: bytes) -> list[bytes]:
    """Some files with all records of one, each with the header."""
    header, lines = split(name, data)
    size = -(-len(lines) // PARTS)
    return [b"".join([header, *lines[n * size : (n + 1) * size]]) for n in range(PARTS)]


def split(name: str, data: bytes) -> tuple[bytes, list[bytes]]:
    """The header, and the bytes of each record with what follows it."""
    physical = data.splitlines(keepends=True)
    starts = [record.line - 1 for record in read_file(name, data)]
    ends = [*starts[1:], len(physical)]
    records = [b"".join(physical[a:b]) for a, b in zip(starts, ends, strict=True)]
    if records and not records[-1].endswith(b"\n"):
        records[-1] += b"\n"
    return b"".join(physical[: starts[0]]) if starts else data, records


def shuffled(name: str, data: bytes, seed: int) -> bytes:
    """The same records in another order."""
    header, records = split(name, data)
    random.Random(seed).shuffle(records)
    return b"".join([header, *records])


def rivals() -> dict[str, bytes]:
    """Versions of the same keys without `updated_at`, and sales that wait for a product, and for
    a customer whom another file brings.
    """
    return {
        "sales-2.csv": sales("1,1,1,2,9,2025-06-03", "9001,1,1,1,5,2025-06-03"),
        "sales-10.csv": sales("1,1,1,3,9,2025-06-03", "9001,2,1,1,5,2025-06-03"),
        "sales-B.csv": sales("1,1,1,4,9,2025-06-03", "9002,900,1,1,1,2025-06-04"),
        "sales-a.csv": sales("9002,900,900,1,1,2025-06-04", "9003,1,900,1,1,2025-06-04,2025-06-05"),
        "sales-A.csv": sales("9003,1,900,2,1,2025-06-04,2025-06-05", "9003,1,1,3,1,2025-06-04"),
        "customers-2.csv": customers("900,Ann,a@b.example,Rome", "1,Bo,b@b.example,Oslo"),
        "customers-10.csv": customers("900,Ann,a@b.example,Paris", "1,Bo,b@b.example,Bonn"),
        "products-2.csv": products("900,Mug,Kitchen,2.50", "1,Pan,Kitchen,1"),
        "products-10.csv": products("900,Mug,Garden,2.50", "1,Pan,Garden,1,2025-06-01"),
    }  # fmt: skip
