"""What every warehouse has to hold: the content and answers of a DuckDB file, to the last digit;
and that all which is sent for it is of BigQuery's language.

The comparisons are those that all warehouses share (tests/test_same_content.py). A statement on the
emulator takes a good part of a second, so one store goes through all that moves much.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_pipeline.config import Settings
from data_pipeline.inspection import read_quarantine, read_status, trace_sale
from data_pipeline.metrics import open_reader
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.store import simulate
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.bqcost import PASSES, REFERENCES
from tests.bigquery.analysis import NOT_THERE_YET, REFUSED, analyze, listen, names_of_tables
from tests.rawfiles import customers, products, sales
from tests.shop import House, Shop
from tests.test_same_content import DIRTY, FAR, FAR_CUSTOMER, assert_same, frames

SMALL = DIRTY.resized(sales=300, customers=60)
ZONE = "Europe/Berlin"


def first(raw: Path) -> None:
    """A simulated store full of dirt."""
    simulate(SMALL, raw)


def changed(raw: Path) -> None:
    """The next day, a sale and a customer of before once more, orphans, the farthest values."""
    continue_store(raw, 1)
    late = sales(
        "900009,900007,1,1,5,2025-03-04", "900010,1,900007,1,5,2025-03-04", "1,1,1,3,5,2025-03-09"
    )
    (raw / "sales-late.csv").write_bytes(late)
    (raw / "sales-far.csv").write_bytes(FAR)
    (raw / "customers-late.csv").write_bytes(customers("1,Ann B,,Rome,2025-01-01"))


def completed(raw: Path) -> None:
    """What the orphans wait for, so that all is loaded anew."""
    (raw / "customers-far.csv").write_bytes(FAR_CUSTOMER)
    (raw / "customers-new.csv").write_bytes(customers("900007,Late,,Rome,2025-01-01"))
    (raw / "products-new.csv").write_bytes(products("900007,Late,Kitchen,5,2025-01-01"))
    (raw / "sales-late.csv").write_bytes(sales("900009,900007,1,1,6,2025-03-04"))


STEPS: dict[str, Callable[[Path], None]] = {
    "first": first,
    "incremental": changed,
    "rebuild": completed,
}


@pytest.fixture
def twins(tmp_path: Path, house: House) -> tuple[Shop, Shop]:
    """Two shops with the same raw files: one in DuckDB, one in BigQuery."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Shop(tmp_path / "one"), Shop(tmp_path / "two", house)
    two.raw.rmdir()
    two.raw = one.raw
    return one, two


def test_content_and_answers_are_those_of_duckdb_and_all_that_is_sent_is_of_bigquery(
    twins: tuple[Shop, Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = twins
    sent = listen(monkeypatch)
    for kind, step in STEPS.items():
        step(one.raw)
        start = len(sent)
        results = [
            shop.run(processed=tmp_path / f"{shop.folder.name}-{kind}", safe_csv=True)
            for shop in twins
        ]
        run = [sql for sql, _ in sent[start:]]
        assert [result.kind for result in results] == [kind, kind]
        assert results[0].tallies == results[1].tallies
        assert len(names_of_tables(run)) <= REFERENCES
        assert names_of_tables(run).count("sales") <= PASSES
        if kind != "first":
            assert_same(one, two)
        for path in results[0].processed:
            assert path.read_bytes() == (tmp_path / f"two-{kind}" / path.name).read_bytes()
    assert_same_answers(one, two)
    inspect(two)
    faults = analyze([*sent, *((sql, "{}") for sql in REFUSED)])
    assert set(faults) - {NOT_THERE_YET} == set(REFUSED[1:]), faults
    assert "NUMERIC" in faults[REFUSED[1]]


def assert_same_answers(one: Shop, two: Shop) -> None:
    with open_reader(one.url) as here, open_reader(two.url) as there:
        expected, found = frames(here, ZONE), frames(there, ZONE)
    for name, frame in expected.items():
        assert repr(found[name]) == repr(frame), name


def inspect(shop: Shop) -> None:
    """Ask all that commands ask of the books."""
    with open_warehouse(shop.url, Access(read_only=True)) as reader:
        assert read_status(reader).files
        assert read_quarantine(reader, None, 3)
        settings = Settings(raw=shop.raw, warehouse=shop.url)
        assert [step.verdict for step in trace_sale(reader, 900009, settings).steps]
