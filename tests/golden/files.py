"""All golden pairs as one set of raw files: a record per pair, the other columns good."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from tests.rawfiles import to_csv

if TYPE_CHECKING:
    from tests.golden import Pair

GOOD = {
    "customers": {
        "customer_id": "",
        "name": "Ann Lee",
        "email": "ann@shop.example",
        "location": "Rome",
        "registered_at": "2020-05-06",
        "birth_year": "1984",
        "updated_at": "2025-01-01",
    },
    "products": {
        "product_id": "",
        "name": "Mug",
        "category": "Kitchen",
        "price": "2.50",
        "cost": "1",
        "updated_at": "2025-01-01",
    },
    "sales": {
        "transaction_id": "",
        "customer_id": "1",
        "product_id": "7",
        "timestamp": "2025-03-04 10:20:30",
        "quantity": "1",
        "price": "2.50",
        "order_id": "A-1",
        "discount": "0",
        "channel": "web",
        "updated_at": "2025-01-01",
    },
}
"""A record that is good as it stands, but for its key."""


@dataclass(frozen=True)
class GoldenFiles:
    """The raw files by name, and where each pair's record begins: `places[where]` is its line."""

    files: dict[str, bytes]
    places: dict[str, int]


def golden_files(pairs: list[Pair]) -> GoldenFiles:
    """One file a table; a pair's line is that of its table's file."""
    files: dict[str, bytes] = {}
    places: dict[str, int] = {}
    keys = count(2_000_000_000)
    for table, good in GOOD.items():
        key = next(iter(good))
        line = 2
        records = [list(good)]
        for pair in (pair for pair in pairs if pair.table == table):
            record = list((good | {key: str(next(keys))} | pair.inputs).values())
            records.append(record)
            places[pair.where] = line
            line += 1 + "".join(record).count("\n")
        wanted = (str(number) for number in sorted(referenced(pairs, table)))
        records += (list((good | {key: number}).values()) for number in wanted)
        files[f"{table}.csv"] = to_csv(records)
    return GoldenFiles(files, places)


def referenced(pairs: list[Pair], table: str) -> set[int]:
    """The keys of a dimension to which golden sales point and which no pair brings itself."""
    if table == "sales":
        return set()
    key = f"{table.removesuffix('s')}_id"
    wanted = {int(GOOD["sales"][key])}
    there: set[int] = {0}
    for pair in pairs:
        if pair.column == key and isinstance(pair.value, int):
            (wanted if pair.table == "sales" else there).add(pair.value)
    return wanted - there
