"""What every reader of files has to bear; the expected values come from Python alone."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from data_pipeline.errors import SourceError
from tests.hostile.texts import HOSTILE
from tests.rawfiles import CUSTOMERS, STORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.shop import Shop

ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16 little": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16 big": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}
NEWLINES = {"lf": "\n", "crlf": "\r\n"}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
QUOTES = {"quoted": csv.QUOTE_ALL, "plain": csv.QUOTE_MINIMAL}
CONTAINERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bare": (bytes, ""),
    "gzip": (gzip.compress, ".gz"),
}
DRESSES = list(itertools.product(ENCODINGS, NEWLINES, DELIMITERS, QUOTES, CONTAINERS))
LOADED = [
    (1, 1, 1, 2, Decimal("2.5"), Decimal(5)),
    (2, 2, 2, 1, Decimal(9), Decimal(9)),
    (3, 0, 1, -1, Decimal("2.5"), Decimal("-2.5")),
]


def records(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def dressed(rows: Iterable[list[str]], dress: tuple[str, ...]) -> bytes:
    """The records, written by Python's csv."""
    encoding, newline, delimiter, quotes, container = dress
    out = io.StringIO(newline="")
    csv.writer(
        out,
        delimiter=DELIMITERS[delimiter],
        lineterminator=NEWLINES[newline],
        quoting=QUOTES[quotes],  # type: ignore[arg-type]
    ).writerows(rows)
    return CONTAINERS[container][0](ENCODINGS[encoding](out.getvalue()))


def put_dressed(shop: Shop, files: dict[str, list[list[str]]], dress: tuple[str, ...]) -> Shop:
    ending = CONTAINERS[dress[-1]][1]
    return shop.put({name + ending: dressed(rows, dress) for name, rows in files.items()})


@pytest.mark.parametrize("dress", DRESSES, ids="-".join)
def test_a_store_in_every_dress_is_the_same_store(shop: Shop, dress: tuple[str, ...]) -> None:
    put_dressed(shop, {name: records(data) for name, data in STORE.items()}, dress).run()
    columns = "transaction_id, customer_id, product_id, quantity, price, total_sales"
    assert shop.rows(f"SELECT {columns} FROM sales ORDER BY 1") == LOADED
    assert shop.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
    assert shop.rows("SELECT name, email, location FROM customers WHERE customer_id > 0") == [
        ("Ann", "ann@shop.example", "Rome"),
        ("Bo", "b@o.example", "Oslo"),
    ]


@pytest.mark.parametrize("dress", DRESSES[:: len(DRESSES) // 8], ids="-".join)
def test_hostile_texts_are_stored_as_they_came(shop: Shop, dress: tuple[str, ...]) -> None:
    header = CUSTOMERS.strip().split(",")
    rows = [[str(n), text, f"c{n}@x.example", text] for n, text in enumerate(HOSTILE, 3)]
    files = {name: records(data) for name, data in STORE.items()}
    files["customers.csv"] = [header, *files["customers.csv"][1:], *rows]
    put_dressed(shop, files, dress).run()
    found = shop.rows("SELECT customer_id, name, location FROM customers WHERE customer_id > 2")
    assert sorted(found) == [(n, text, text) for n, text in enumerate(HOSTILE, 3)]
    assert shop.rows("SELECT SUM(rows_read), SUM(rows_loaded) FROM ledger") == [
        (7 + len(HOSTILE), 7 + len(HOSTILE))
    ]


NO_TABLES = {
    "an HTML page": b"<!DOCTYPE html><html><body>Sign in</body></html>\n",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "10,000 columns": ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n",
    "the products": STORE["products.csv"],
    "commas": b",,,,,\n,,,,,\n",
    "nothing": b"",
    "line ends": b"\n\n\n",
    "UTF-16 without mark": STORE["sales.csv"].decode().encode("utf-16-le"),
    "a lying gzip": b"\x1f\x8b\x08\x00" + b"no" * 50,
    "half a gzip": gzip.compress(STORE["sales.csv"] * 50)[:60],
    "zeros": bytes(5_000),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "an XLSX": b"PK\x03\x04" + bytes(200),
    "JSON": b'[{"transaction_id": 1}]\n',
    "a column twice": b"price," + STORE["sales.csv"],
}


@pytest.mark.parametrize("what", NO_TABLES)
def test_what_is_no_table_is_refused_by_name(store: Shop, what: str) -> None:
    store.run()
    before = store.dump()
    with pytest.raises(SourceError, match=r"sales-2\.csv"):
        store.put({"sales-2.csv": NO_TABLES[what]}).run()
    assert store.dump() == before
