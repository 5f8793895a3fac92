"""Every warehouse holds the same, to the last byte, and gives the same answers, to the last digit.

The same raw files go into a DuckDB file and into each other warehouse, run by run; every table is
held against its twin as text, so that a type or a number of decimals counts too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_pipeline.layout import FILES, LEDGER, star_relations
from data_pipeline.metrics import DIMENSIONS, METRICS, Frame, Reader, open_reader, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.behaviour import (
    age_groups,
    cohort_retention,
    concentration,
    repeat_intervals,
    rfm_segments,
)
from data_pipeline.metrics.order_values import order_values
from data_pipeline.metrics.quality import balance, quarantined, repaired
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.store import simulate
from tests.golden import read_pairs
from tests.golden.files import golden_files
from tests.golden.structure import read_cases
from tests.rawfiles import STORE, customers, products, sales, to_csv
from tests.shop import HOUSES, Shop

DIRTY = PRESETS["default"].resized(sales=3_000, customers=600, days=400, seed=11, defects=0.3)
NOT_COMPARED = {"first_seen", "mtime_ns", "ctime_ns"}
"""When a file was seen is not of the content."""

others = pytest.mark.parametrize("scheme", sorted(set(HOUSES) - {"duckdb"}))


@pytest.fixture
def twins(scheme: str, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two shops with the same raw files: one in DuckDB, one in the other warehouse."""
    house = HOUSES[scheme](tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Shop(tmp_path / "one"), Shop(tmp_path / "two", house)
    two.raw.rmdir()
    two.raw = one.raw
    yield one, two
    house.drop()


def content(shop: Shop) -> dict[str, list[str]]:
    """Each table as sorted lines of text."""
    found = {}
    with shop.reading():
        sums = [rollup.relation for rollup in ROLLUPS.values()]
        for relation in (*star_relations(), FILES, LEDGER, *sums, AGG_TERMS):
            names = [f.name for f in relation.fields if f.name not in NOT_COMPARED]
            rows = shop.rows(f"SELECT {', '.join(names)} FROM {relation.name}")
            found[relation.name] = sorted(map(repr, rows))
        found["quarantine"] = sorted(map(repr, shop.rows("SELECT * FROM quarantine")))
    return found


def hashes(tables: dict[str, list[str]]) -> dict[str, str]:
    return {name: sha256("\n".join(t).encode()).hexdigest() for name, t in tables.items()}


def assert_same(one: Shop, two: Shop) -> None:
    here, there = content(one), content(two)
    for name, lines in here.items():
        assert there[name] == lines, name
    assert hashes(here) == hashes(there)


def put(**files: bytes) -> Callable[[Path], None]:
    """Write raw files; `sales_2` is sales-2.csv."""

    def write(raw: Path) -> None:
        for name, data in files.items():
            (raw / f"{name.replace('_', '-')}.csv").write_bytes(data)

    return write


def golden_values(raw: Path) -> None:
    for name, data in golden_files(read_pairs()).files.items():
        (raw / name).write_bytes(data)


def golden_records(raw: Path) -> None:
    put(customers=STORE["customers.csv"], sales=STORE["sales.csv"])(raw)
    for case in read_cases():
        if not case.refused:
            (raw / case.name).write_bytes(case.data)


def odd_parquet(raw: Path) -> None:
    values = {"product_id": [1, 2, 90, 91], "name": ["a\0b", "ok", "\0", "é" * 5000]}
    table = pa.table(values | {"category": ["x", "y\0", "z", None], "price": [1, 2, 3, 4]})
    pq.write_table(table, raw / "products-odd.parquet")


def odd_texts(raw: Path) -> None:
    """Names that each order of letters puts elsewhere, and what a CSV must quote."""
    names = ["a", "B", "É", "_", "ß", '"', "a,b", "x\ny", "\\.", "\\N", "NULL", "😀", "=1+1", ""]
    header = ["customer_id", "name", "email", "location"]
    records = [[str(i), name, "x@y.example", name] for i, name in enumerate(names, 100)]
    (raw / "customers-B.csv").write_bytes(to_csv([header, *records]))
    for name in ("sales-É.csv", "sales-a.csv", "sales-B.csv", "sales_a.csv", "SALES-10.csv"):
        (raw / name).write_bytes(sales(f"5,1,1,{len(name)},5,2025-03-04", "6,77,1,1,1,2025-03-04"))


FAR = sales(
    "9223372036854775807,9223372036854775806,1,1000000,99999999.9999,2025-03-04 10:20:30.123456",
    "8,1,1,-1000000,99999999.9999,1970-01-01",
    "7,1,1,1,99999999999999.9999,2025-03-04 23:59:59.999999",
    "6,1,1,1,0.0001,2000-01-01",
    "5,1,1,-1,0,1999-12-31 23:59:59.999999",
)
FAR_CUSTOMER = customers("9223372036854775806,Zoë,z@o.example,Oslo,2025-01-01")

STEPS: dict[str, list[Callable[[Path], Any]]] = {
    "dirty, day by day": [
        lambda raw: simulate(DIRTY, raw),
        lambda raw: continue_store(raw, 1),
        lambda raw: continue_store(raw, 5),
    ],
    "golden values": [golden_values],
    "golden records": [golden_records],
    "late, corrected, orphaned, rebuilt": [
        put(**{name.removesuffix(".csv"): data for name, data in STORE.items()}),
        put(sales_2=sales("9,7,1,1,5,2025-03-04", "10,1,7,1,5,2025-03-04", "1,1,1,3,5,2025-03-09")),
        put(customers_2=customers("7,Late,,Rome,2025-01-01", "1,Ann B,,Rome,2025-01-01")),
        put(products_2=products("7,Late,Kitchen,5,2025-01-01"), customers_0=customers("1,Old,,,")),
        put(sales_1=sales("9,7,1,1,5,2025-03-04", "1,1,1,4,5,2025-03-04,2025-04-01")),
        put(sales_2=sales("9,7,1,1,6,2025-03-04", "11,1,1,1,1,2025-03-04")),
        odd_parquet,
        odd_texts,
    ],
    "far values": [
        put(**{name.removesuffix(".csv"): data for name, data in STORE.items()}),
        put(sales_far=FAR),
        put(customers_far=FAR_CUSTOMER),
    ],
}


@others
@pytest.mark.parametrize("steps", STEPS)
def test_the_content_is_the_same(twins: tuple[Shop, Shop], steps: str, tmp_path: Path) -> None:
    for number, step in enumerate(STEPS[steps]):
        step(twins[0].raw)
        folders = [tmp_path / f"{shop.folder.name}-{number}" for shop in twins]
        results = [s.run(processed=f, safe_csv=True) for s, f in zip(twins, folders, strict=True)]
        assert results[0].tallies == results[1].tallies
        assert results[0].kind == results[1].kind
        assert_same(*twins)
        for path in results[0].processed:
            assert path.read_bytes() == (folders[1] / path.name).read_bytes()


@others
def test_repeated_and_interrupted_runs_change_nothing(
    twins: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = twins
    for step in STEPS["late, corrected, orphaned, rebuilt"][:3]:
        step(one.raw)
        one.run()
        with monkeypatch.context() as broken:
            broken.setattr("data_pipeline.ledger.write_run", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                two.run()
        two.run()
        assert two.run().kind == "nothing new"
        assert_same(one, two)


@others
def test_a_difference_is_seen(twins: tuple[Shop, Shop], scheme: str) -> None:
    """The comparison above can fail: another file makes another hash."""
    twins[0].put(STORE).run()
    twins[0].put({"sales.csv": STORE["sales.csv"].replace(b"2.50", b"2.51")})
    twins[1].run()
    here, there = (hashes(content(shop)) for shop in twins)
    assert {name for name, found in here.items() if there[name] != found} >= {"sales", "agg_sales"}


def frames(reader: Reader, timezone: str) -> dict[str, Frame]:
    """The answers to all that can be asked."""
    found = {
        f"metrics by {name}": query(reader, [*METRICS], by=[name], timezone=timezone)
        for name in DIMENSIONS
    }
    found["metrics"] = query(reader, [*METRICS], timezone=timezone)
    found["filtered"] = query(
        reader,
        [*METRICS],
        by=["month", "category"],
        where={"category": ["Books", None, "x"]},
        since=date(2024, 3, 5),
        until=date(2024, 11, 2),
        timezone=timezone,
    )
    for analysis in (cohort_retention, rfm_segments, repeat_intervals):
        found[analysis.__name__] = analysis(reader, timezone=timezone)
    for item in ("product", "customer"):
        found[f"curve {item}"], found[f"classes {item}"] = concentration(reader, item)
    found["ages"] = age_groups(reader, in_year=2025)
    found["pairs"] = basket_pairs(reader, min_orders=2)
    found["order values"] = order_values(reader)
    for check in (balance, quarantined, repaired):
        found[check.__name__] = check(reader)
    return found


@others
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_the_answers_are_the_same(twins: tuple[Shop, Shop], timezone: str) -> None:
    simulate(DIRTY, twins[0].raw)
    for shop in twins:
        shop.run(reporting_timezone="UTC")
    with open_reader(twins[0].url) as one, open_reader(twins[1].url) as two:
        here, there = frames(one, timezone), frames(two, timezone)
    for name, frame in here.items():
        assert repr(there[name]) == repr(frame), name
    assert len(here["metrics by country"]) > 3
