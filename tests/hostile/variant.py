"""One variant of the three raw files, and what has to become of each of its records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

GOOD = "good"
Bytes = Callable[[bytes], bytes]

RECORDS: dict[str, dict[str, str]] = {
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
        "product_id": "1",
        "quantity": "1",
        "price": "2.50",
        "timestamp": "2025-03-04 10:20:30",
        "order_id": "A-1",
        "discount": "0",
        "channel": "web",
        "updated_at": "2025-01-01",
    },
}
"""A record of each table that is good as it stands, but for its key."""

REQUIRED = {
    "customers": ("customer_id", "name", "email", "location"),
    "products": ("product_id", "name", "category", "price"),
    "sales": ("transaction_id", "customer_id", "product_id", "quantity", "price", "timestamp"),
}
HEADERS = REQUIRED | {"sales": (*REQUIRED["sales"], "order_id")}
TEXT_COLUMNS = {
    "customers": ("name", "location"),
    "products": ("name", "category"),
    "sales": ("order_id", "channel"),
}
TABLES = tuple(RECORDS)

BY_HAND = {
    "customers": b"%s,ann@shop.example,Rome",
    "products": b"%s,Kitchen,2.50",
    "sales": b"1,1,1,2.50,2025-03-04,%s",
}
"""What stands behind the key in a record written by hand, with room for one text."""


@dataclass(frozen=True)
class Variant:
    """Raw files by table, to lie beside those of a good store, with the outcome of each record.

    An outcome is GOOD, or the reason why the record is quarantined, in the order of the records;
    None when the file has to be refused. `keys` is where the keys of its records begin.
    """

    title: str
    files: Mapping[str, bytes]
    outcome: Mapping[str, tuple[str, ...] | None]
    ending: str = ".csv"
    zone: str = "UTC"
    keys: int = field(default=0, compare=False)

    @property
    def refused(self) -> bool:
        return None in self.outcome.values()

    @property
    def named(self) -> dict[str, bytes]:
        """The files by the names under which they lie in the raw directory."""
        return {self.name_of(table): data for table, data in self.files.items()}

    def name_of(self, table: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:60]
        return f"{table}-{slug}-{self.keys}{self.ending}"


class Keys:
    """Hands each variant keys of its own, so that all of them can lie in one shop."""

    def __init__(self, first: int) -> None:
        self._next = first

    def take(self) -> int:
        self._next += 1000
        return self._next


def records(table: str, first: int, changes: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """A good record for each of the changes, changed by it; their keys count on from `first`."""
    key = next(iter(RECORDS[table]))
    return [
        RECORDS[table] | {key: str(first + number)} | dict(change)
        for number, change in enumerate(changes)
    ]


class _AllQuoted(csv.excel):
    """Python 3.11 leaves a field with a lone carriage return without quotes, if it may."""

    quoting = csv.QUOTE_ALL


def sheet(
    rows: Sequence[Mapping[str, str]],
    delimiter: str = ",",
    newline: str = "\n",
    quoted: bool = False,
) -> str:
    """Records with their header, as Python's csv writes them."""
    out = io.StringIO(newline="")
    dialect = _AllQuoted if quoted else csv.excel
    writer = csv.DictWriter(
        out, list(rows[0]), dialect=dialect, delimiter=delimiter, lineterminator=newline
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


SAMPLE: dict[str, tuple[dict[str, str], ...]] = {
    "customers": (
        {"name": "Zoë Ünal", "location": "Århus"},
        {"name": 'Ann "Q" Lee', "location": "Rome, Italy"},
        {"name": "two\nlines", "email": "Bo@B.example"},
        {"name": "田中", "birth_year": "", "location": "東京"},
    ),
    "products": (
        {"name": "Café, large", "category": "Küche"},
        {"name": '5" nail', "price": "$1,234.50"},
        {"name": "😀", "price": "", "cost": "0.0001"},
        {"name": "Pan", "category": ""},
    ),
    "sales": (
        {"quantity": "-3", "price": "0.3333"},
        {"customer_id": "", "order_id": "Ä, 1"},
        {"channel": "a\nb", "discount": "0.10"},
        {"timestamp": "2025-03-04T10:20:30.123456+05:45"},
    ),
}
"""Records with what a reader has to get right: signs, quotes, line ends, letters, defaults."""


def sample(table: str, first: int) -> str:
    """The sample of a table as text."""
    return sheet(records(table, first, SAMPLE[table]))


def everywhere(keys: Keys, title: str, change: Bytes, **more: str) -> Variant:
    """The sample of all three tables, dressed in the same way; nothing of it may be lost."""
    first = keys.take()
    files = {table: change(sample(table, first).encode()) for table in TABLES}
    return Variant(title, files, dict.fromkeys(TABLES, (GOOD,) * 4), keys=first, **more)


def refusals(keys: Keys, title: str, change: Bytes, **more: str) -> list[Variant]:
    """The same, one table at a time: each of the three files has to be refused."""
    found = []
    for table in TABLES:
        first = keys.take()
        data = change(sample(table, first).encode())
        found.append(
            Variant(f"{title} ({table})", {table: data}, {table: None}, keys=first, **more)
        )
    return found


def by_hand(keys: Keys, title: str, text: bytes, outcomes: Sequence[str], **more: str) -> Variant:
    """Files of given bytes: `{H}` is the header of the table, `{1}` a record of it, `{k1}` the key
    of that record, `{R}` what stands behind a key.
    """
    first = keys.take()
    files, outcome = {}, {}
    for table in TABLES:
        rest = BY_HAND[table]
        data = text
        for number in range(10):
            key = b"%d" % (first + number)
            data = data.replace(b"{%d}" % number, key + b"," + rest % (b"t%d" % number))
            data = data.replace(b"{k%d}" % number, key)
        data = data.replace(b"{R}", rest % b"t")
        data = data.replace(b"{H}", ",".join(HEADERS[table]).encode())
        files[table] = data
        invalid = f"invalid_{HEADERS[table][0]}"
        outcome[table] = tuple(invalid if o == "invalid_key" else o for o in outcomes)
    return Variant(title, files, outcome, keys=first, **more)


def around(keys: Keys, title: str, spoilt: bytes, outcome: str) -> Variant:
    """A field of every table with the given bytes in it, between two good neighbours."""
    first = keys.take()
    files = {}
    for table in TABLES:
        texts = enumerate((b"before", spoilt, b"behind"))
        lines = [b"%d," % (first + n) + BY_HAND[table].replace(b"%s", text) for n, text in texts]
        files[table] = b"\n".join([",".join(HEADERS[table]).encode(), *lines, b""])
    return Variant(title, files, dict.fromkeys(TABLES, (GOOD, outcome, GOOD)), keys=first)


def in_column(
    keys: Keys, place: str, raw: str, outcome: str, zone: str = "UTC", **others: str
) -> Variant:
    """A file of one table in which one value is `raw`, between two good neighbours."""
    table, _, column = place.partition(".")
    first = keys.take()
    rows = records(table, first, ({}, {column: raw, **others}, {}))
    shown = raw if len(raw) < 40 else f"{raw[:30]} and {len(raw) - 30:,} more"
    return Variant(
        " ".join([place, ascii(shown), *others.values()]),
        {table: sheet(rows).encode()},
        {table: (GOOD, outcome, GOOD)},
        zone=zone,
        keys=first,
    )


def as_text(keys: Keys, group: str, text: str) -> Variant:
    """The text in every column of text of the three tables; it has to be stored as it came."""
    first = keys.take()
    files = {
        table: sheet(
            records(table, first, ({}, dict.fromkeys(columns, text), {})), quoted=True
        ).encode()
        for table, columns in TEXT_COLUMNS.items()
    }
    shown = text if len(text) < 40 else f"{text[:30]} and {len(text) - 30:,} more"
    outcome = dict.fromkeys(TABLES, (GOOD,) * 3)
    return Variant(f"{group} {shown!a}", files, outcome, keys=first)
