"""The benchmark's raw files: big, dirty in every way, and the same on every machine.

    .cache/bench/<sales>/clean/     for the floor: every row good
    .cache/bench/<sales>/dirty/     the same rows, DIRT of the sales spoilt or repeated
    .cache/bench/<sales>/shuffled/  the lines of dirty/ in a random order
    .cache/bench/<sales>/delta/     sales-2.csv: 1 % new sales, every fifth corrects an old one

A value is a hash of its row's number, so the files depend on nothing but their size. Dirty lines
of customers and products stand beside the good ones: else each would orphan many sales.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ids = npt.NDArray[np.uint64]

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "bench"
SALES = 10_000_000
DIRT = 0.02
CHUNK_ROWS = 1_000_000
REPEAT_DISTANCE = 997
"""How many rows above a repeated row its first version stands."""
LOCATIONS, CATEGORIES = 300, 20
FIRST_SECOND, SECONDS = 1_640_995_200, 94_608_000  # three years from 2022-01-01
BAD_BYTE = "\ue000"
"""Stands for the byte 0xFF while the line is still text."""

# name: (weight, SQL of the line without its end). The names of columns are those of _render.
SALES_DIRT: dict[str, tuple[int, str]] = {
    "repeat": (40, "good"),
    "correction": (20, "line(id, customer, product, quantity + 1, price, moment)"),
    "no_id": (5, "line('', customer, product, quantity, price, moment)"),
    "bad_id": (5, "line('T' || id, customer, product, quantity, price, moment)"),
    "id_zero": (5, "line('0', customer, product, quantity, price, moment)"),
    "id_too_long": (
        5,
        "line('9' || id || '00000000000000000000', customer, product, 1, 1, moment)",
    ),
    "guest": (10, "line(id, 'NULL', product, quantity, price, moment)"),
    "bad_customer": (5, "line(id, '?', product, quantity, price, moment)"),
    "orphan_customer": (10, "line(id, '7' || customer || '000000', product, 1, price, moment)"),
    "no_product": (5, "line(id, customer, 'N/A', quantity, price, moment)"),
    "orphan_product": (10, "line(id, customer, '7' || product || '000000', 1, price, moment)"),
    "no_quantity": (5, "line(id, customer, product, '', price, moment)"),
    "quantity_zero": (5, "line(id, customer, product, '0', price, moment)"),
    "quantity_in_parts": (5, "line(id, customer, product, '1.5', price, moment)"),
    "quantity_whole": (5, "line(id, customer, product, quantity || '.0', price, moment)"),
    "no_price": (5, "line(id, customer, product, quantity, '', moment)"),
    "price_word": (5, "line(id, customer, product, quantity, 'free', moment)"),
    "price_exponent": (5, "line(id, customer, product, quantity, '1e3', moment)"),
    "price_negative": (5, "line(id, customer, product, quantity, '-' || price, moment)"),
    "price_fifth_decimal": (5, "line(id, customer, product, quantity, price || '001', moment)"),
    "price_comma": (5, "line(id, customer, product, quantity, '\"12,34\"', moment)"),
    "price_currency": (10, "line(id, customer, product, quantity, '$' || price, moment)"),
    "price_thousands": (10, "line(id, customer, product, quantity, '\"1,234.50\"', moment)"),
    "overflow": (5, "line(id, customer, product, '1000000', '99999999999999', moment)"),
    "no_moment": (5, "line(id, customer, product, quantity, price, 'nan')"),
    "moment_other_order": (5, "line(id, customer, product, quantity, price, '03/04/2023')"),
    "moment_no_day": (5, "line(id, customer, product, quantity, price, '2023-02-30 10:00:00')"),
    "moment_future": (5, "line(id, customer, product, quantity, price, '2999-01-01 00:00:00')"),
    "moment_offset": (10, "line(id, customer, product, quantity, price, moment || '+02:00')"),
    "blanks": (10, "line(' ' || id, customer || ' ', product, quantity, price, moment)"),
    "quoted": (10, "line('\"' || id || '\"', customer, product, quantity, price, moment)"),
    "too_few": (5, "concat_ws(',', id, customer, product, quantity, price)"),
    "too_many": (5, "good || ',x'"),
    "blank_line": (5, "chr(10) || good"),
    "bad_byte": (3, f"line(id, customer, product, quantity, '{BAD_BYTE}', moment)"),
    "nul": (1, "line(id, customer, product, quantity, price || chr(0), moment)"),
    "carriage_return": (1, "line(id, customer, product, quantity, price || chr(13), moment)"),
    "text_behind_quote": (1, "line(id, customer, product, '\"1\"1', price, moment)"),
}
CUSTOMERS_DIRT: dict[str, tuple[int, str]] = {
    "repeat": (4, "good"),
    "correction": (4, "line(id, name, email, 'Moved')"),
    "no_id": (1, "line('', name, email, location)"),
    "capitals": (4, "line(id, name, upper(email), location)"),
    "bad_email": (2, "line(id, name, 'nobody', location)"),
    "no_name": (2, "line(id, '', email, location)"),
    "too_few": (1, "concat_ws(',', id, name)"),
    "bad_byte": (1, f"line(id, '{BAD_BYTE}', email, location)"),
}
PRODUCTS_DIRT: dict[str, tuple[int, str]] = {
    "repeat": (4, "good"),
    "correction": (4, "line(id, name || ' II', category, price)"),
    "bad_id": (1, "line('P' || id, name, category, price)"),
    "no_price": (2, "line(id, name, category, '')"),
    "bad_price": (2, "line(id, name, category, 'ask')"),
    "too_many": (1, "good || ','"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made."""

    sales: int
    customers: int
    products: int

    @classmethod
    def of(cls, sales: int) -> Size:
        """A store in the benchmark's proportions."""
        return cls(sales, max(sales // 10, 100), max(sales // 200, 20))


def draw(ids: Ids, salt: int, choices: int) -> Ids:
    """A number below `choices` for each id: splitmix64 of the id and the salt."""
    mixed = (ids + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed % np.uint64(choices)


def draw_dirt(ids: Ids, dirt: dict[str, tuple[int, str]]) -> npt.NDArray[np.int32]:
    """The place of each row's fault in `dirt`, -1 for a good row."""
    weights = [weight for weight, _ in dirt.values()]
    wheel = np.repeat(np.arange(len(weights), dtype=np.int32), weights)
    fault = wheel[draw(ids, 11, len(wheel))]
    return np.where(draw(ids, 12, 10_000) < int(DIRT * 10_000), fault, np.int32(-1))


def sales_columns(ids: Ids, size: Size, kind: npt.NDArray[np.int32]) -> dict[str, Ids]:
    """The values of sales; a repeat or a correction has those of the row REPEAT_DISTANCE above."""
    again = (kind == 0) | (kind == 1)
    ids = np.where(again & (ids > REPEAT_DISTANCE), ids - np.uint64(REPEAT_DISTANCE), ids)
    return {
        "n": ids,
        "customer": draw(ids, 1, size.customers) + np.uint64(1),
        "product": draw(ids, 2, size.products) + np.uint64(1),
        "units": draw(ids, 3, 20),
        "cents": draw(ids, 4, 20_000),
        "second": ids * np.uint64(SECONDS) // np.uint64(size.sales * 102 // 100) + draw(ids, 5, 60),
    }


_VALUES = {
    "sales": f"""n AS id, customer, product, CASE WHEN units = 0 THEN -1 ELSE 1 + units % 4 END
        AS quantity, (cents // 100) || '.' || lpad((cents % 100)::VARCHAR, 2, '0') AS price,
        strftime(make_timestamp((second + {FIRST_SECOND})::BIGINT * 1000000), '%Y-%m-%d %H:%M:%S')
        AS moment""",
    "customers": f"""n AS id, CASE WHEN draw % 20 = 0 THEN '"Müller, Anna ' || n || '"'
        WHEN draw % 20 = 1 THEN '"Zoë ""Z"" ' || n || '"' ELSE 'Name ' || n END AS name,
        'user' || n || '@example.com' AS email, 'City ' || (draw % {LOCATIONS}) AS location""",
    "products": f"""n AS id, 'Product ' || n AS name, 'Category ' || (draw % {CATEGORIES})
        AS category, (draw % 200) || '.99' AS price""",
}
_FIELDS = {
    "sales": ("id", "customer", "product", "quantity", "price", "moment"),
    "customers": ("id", "name", "email", "location"),
    "products": ("id", "name", "category", "price"),
}
_HEADERS = {
    "sales": "transaction_id,customer_id,product_id,quantity,price,timestamp\n",
    "customers": "customer_id,name,email,location\n",
    "products": "product_id,name,category,price\n",
}


def _render(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, Ids],
    kind: npt.NDArray[np.int32],
    dirt: dict[str, tuple[int, str]],
    file: IO[bytes],
) -> None:
    """Write one chunk of lines. An Arrow column of lines with their ends is the file's bytes."""
    fields = _FIELDS[table]
    spoilt = " ".join(f"WHEN {i} THEN {sql}" for i, (_, sql) in enumerate(dirt.values()))
    connection.execute(
        f"CREATE OR REPLACE MACRO line({', '.join(f'v{i}' for i in range(len(fields)))}) AS "
        f"concat_ws(',', {', '.join(f'v{i}' for i in range(len(fields)))})"
    )
    chunk = pa.table({**columns, "kind": kind})
    lines = connection.from_arrow(chunk).query(
        "chunk",
        f"SELECT (CASE kind WHEN -1 THEN good {spoilt} END) || chr(10) AS line "
        f"FROM (SELECT *, line({', '.join(fields)}) AS good "
        f"FROM (SELECT kind, {_VALUES[table]} FROM chunk))",
    )
    assert lines is not None
    for piece in lines.to_arrow_table().column("line").chunks:
        text = piece.cast(pa.large_string())
        _, offsets, data = text.buffers()
        ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
        raw = memoryview(data)[ends[0] : ends[-1]]
        spoil = any(BAD_BYTE in sql for _, sql in dirt.values()) and kind.max() >= 0
        file.write(bytes(raw).replace(BAD_BYTE.encode(), b"\xff") if spoil else raw)


def _chunks(ids: Ids) -> Iterator[Ids]:
    for start in range(0, len(ids), CHUNK_ROWS):
        yield ids[start : start + CHUNK_ROWS]


def write_sales(path: Path, ids: Ids, size: Size, *, dirty: bool) -> None:
    """Write the sales with these numbers in this order."""
    with duckdb.connect() as connection, path.open("wb") as file:
        file.write(_HEADERS["sales"].encode())
        for some in _chunks(ids):
            kind = draw_dirt(some, SALES_DIRT) if dirty else np.full(len(some), -1, np.int32)
            columns = sales_columns(some, size, kind)
            _render(connection, "sales", columns, kind, SALES_DIRT, file)


def write_dimension(path: Path, table: str, rows: int, *, dirty: bool) -> None:
    """Write customers or products: every good line, then dirty ones of some of the same rows."""
    dirt = {"customers": CUSTOMERS_DIRT, "products": PRODUCTS_DIRT}[table]
    ids = np.arange(1, rows + 1, dtype=np.uint64)
    with duckdb.connect() as connection, path.open("wb") as file:
        file.write(_HEADERS[table].encode())
        for some in _chunks(ids):
            kind = draw_dirt(some, dirt)
            good = np.full(len(some), -1, np.int32)
            columns = {"n": some, "draw": draw(some, 6, 1_000_000)}
            _render(connection, table, columns, good, dirt, file)
            if dirty:
                spoilt = {name: values[kind >= 0] for name, values in columns.items()}
                _render(connection, table, spoilt, kind[kind >= 0], dirt, file)


def delta_ids(size: Size) -> Ids:
    """1 % of the sales: four new ones, then an old one, and so on."""
    ids = np.arange(size.sales + 1, size.sales + size.sales // 100 + 1, dtype=np.uint64)
    ids[4::5] = draw(ids[4::5], 8, size.sales) + np.uint64(1)
    return ids


def write_delta(path: Path, size: Size) -> None:
    """Write the new file; an old sale in it has one unit more."""
    ids = delta_ids(size)
    correction = np.int32(list(SALES_DIRT).index("correction"))
    kind = np.where(ids <= size.sales, correction, draw_dirt(ids, SALES_DIRT))
    columns = sales_columns(ids, size, np.full(len(ids), -1, np.int32))
    with duckdb.connect() as connection, path.open("wb") as file:
        file.write(_HEADERS["sales"].encode())
        _render(connection, "sales", columns, kind, SALES_DIRT, file)


def make(size: Size, *, shuffled: bool = True) -> Path:
    """The folder with the files of this size, made when it is not there yet."""
    folder = CACHE / str(size.sales)
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("clean", "dirty", "shuffled", "delta"):
        (folder / part).mkdir(parents=True)
    ids = np.arange(1, size.sales + 1, dtype=np.uint64)
    for part in ("clean", "dirty"):
        dirty = part == "dirty"
        write_dimension(folder / part / "customers.csv", "customers", size.customers, dirty=dirty)
        write_dimension(folder / part / "products.csv", "products", size.products, dirty=dirty)
        write_sales(folder / part / "sales-1.csv", ids, size, dirty=dirty)
    if shuffled:
        for name in ("customers.csv", "products.csv"):
            os.link(folder / "dirty" / name, folder / "shuffled" / name)
        order = np.random.default_rng(1).permutation(ids)
        write_sales(folder / "shuffled" / "sales-1.csv", order, size, dirty=True)
    write_delta(folder / "delta" / "sales-2.csv", size)
    (folder / "complete").touch()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sales", type=int, default=SALES)
    folder = make(Size.of(parser.parse_args().sales))
    for path in sorted(folder.rglob("*.csv")):
        print(f"{path.stat().st_size / 1e6:10.1f} MB  {path}")


if __name__ == "__main__":
    main()
