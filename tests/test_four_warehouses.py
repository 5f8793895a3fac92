"""DuckDB, PostgreSQL, Redshift and BigQuery hold the same and answer the same, to the last digit;
and all that is sent to BigQuery for it is of BigQuery's language.

One small store full of dirt goes into all four, run by run: first, repeated, interrupted, with
late rows, rebuilt. A run on the emulator of BigQuery takes seconds, hence one store for all of it;
more stores go into the other three (test_same_content.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from data_pipeline.config import Settings
from data_pipeline.inspection import read_quarantine, read_status, trace_sale
from data_pipeline.metrics import DIMENSIONS, open_reader
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.store import simulate
from data_pipeline.warehouses import Access, known_schemes, open_warehouse
from data_pipeline.warehouses.bqcost import PASSES, REFERENCES
from tests.bigquery.analysis import NOT_THERE_YET, REFUSED, analyze, listen, names_of_tables
from tests.rawfiles import customers, products, sales
from tests.shop import ALL_HOUSES, Shop
from tests.test_same_content import DIRTY, FAR, FAR_CUSTOMER, content, frames, hashes

SMALL = DIRTY.resized(sales=300, customers=60)
ZONE = "Europe/Berlin"
"""Its clocks change."""


def first(raw: Path) -> None:
    """A simulated store full of dirt."""
    simulate(SMALL, raw)


def repeated(raw: Path) -> None:
    """Nothing new."""


def interrupted(raw: Path) -> None:
    """The next day, a sale and a customer of before once more, orphans, the farthest values."""
    continue_store(raw, 1)
    late = sales(
        "900009,900007,1,1,5,2025-03-04", "900010,1,900007,1,5,2025-03-04", "1,1,1,3,5,2025-03-09"
    )
    (raw / "sales-late.csv").write_bytes(late)
    (raw / "sales-far.csv").write_bytes(FAR)
    (raw / "customers-late.csv").write_bytes(customers("1,Ann B,,Rome,2025-01-01"))


def late(raw: Path) -> None:
    """What the orphans wait for."""
    (raw / "customers-far.csv").write_bytes(FAR_CUSTOMER)
    (raw / "customers-new.csv").write_bytes(customers("900007,Late,,Rome,2025-01-01"))
    (raw / "products-new.csv").write_bytes(products("900007,Late,Kitchen,5,2025-01-01"))


def rebuilt(raw: Path) -> None:
    """A file that was loaded is another now."""
    (raw / "sales-late.csv").write_bytes(sales("900009,900007,1,1,6,2025-03-04"))


STEPS: dict[Callable[[Path], None], str] = {
    first: "first",
    repeated: "nothing new",
    interrupted: "incremental",
    late: "incremental",
    rebuilt: "rebuild",
}
"""What happens to the raw files, and which kind of run follows."""


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[dict[str, Shop]]:
    """A shop for each warehouse that there is, all with the same raw files."""
    raw = tmp_path / "raw"
    raw.mkdir()
    with ExitStack() as stack:
        found = {}
        for scheme, make in ALL_HOUSES.items():
            folder = tmp_path / scheme
            folder.mkdir()
            house = make(folder)
            stack.callback(house.drop)
            found[scheme] = Shop(folder, house)
            found[scheme].raw.rmdir()
            found[scheme].raw = raw
        assert sorted(found) == known_schemes()
        yield found


def test_duckdb_postgresql_redshift_and_bigquery_hold_and_answer_the_same(
    shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = listen(monkeypatch)
    held: dict[str, str] = {}
    for step, kind in STEPS.items():
        step(next(iter(shops.values())).raw)
        if step is interrupted:
            interrupt(shops, held, monkeypatch)
        start = len(sent)
        results = {scheme: run(shop, step.__name__) for scheme, shop in shops.items()}
        cheap(statement for statement, _ in sent[start:])
        assert {name: r.kind for name, r in results.items()} == dict.fromkeys(shops, kind)
        the_same({name: r.tallies for name, r in results.items()})
        the_same({name: digests(r.processed) for name, r in results.items()})
        before, held = held, the_same({name: tables(shop) for name, shop in shops.items()})
        assert (held == before) == (step is repeated)
    answers = the_same({name: answers_of(shop) for name, shop in shops.items()})
    assert len(answers) > len(DIMENSIONS)
    inspect(shops["bigquery"])
    is_of_the_language(sent)
    a_difference_is_seen(shops["bigquery"], held)


def the_same(found: dict[str, Any]) -> Any:
    """What all warehouses have in common; fails with the name of one that differs, and where."""
    (name, expected), *others = found.items()
    assert name == "duckdb"
    for other, there in others:
        assert there == expected, other
    return expected


def run(shop: Shop, name: str) -> Any:
    return shop.run(processed=shop.folder / f"processed-{name}", safe_csv=True)


def interrupt(
    shops: dict[str, Shop], held: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that breaks off when all is written but not committed changes nothing."""
    with monkeypatch.context() as broken:
        broken.setattr("data_pipeline.ledger.write_run", lambda *_: 1 / 0)
        for name, shop in shops.items():
            with pytest.raises(ZeroDivisionError):
                run(shop, "broken")
            assert tables(shop) == held, name


def tables(shop: Shop) -> dict[str, str]:
    """A hash for each table."""
    return hashes(content(shop))


def digests(paths: Any) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


def answers_of(shop: Shop) -> dict[str, str]:
    """A hash for every metric by every dimension, and for every analysis."""
    with open_reader(shop.url) as reader:
        found = frames(reader, ZONE)
    return {name: sha256(repr(frame).encode()).hexdigest() for name, frame in found.items()}


def cheap(statements: Iterator[str]) -> None:
    """A run names tables no more often than `--dry-run` reckons with."""
    named = names_of_tables([*statements])
    assert len(named) <= REFERENCES
    assert named.count("sales") <= PASSES


def inspect(shop: Shop) -> None:
    """Ask all that commands ask of the books."""
    with open_warehouse(shop.url, Access(read_only=True)) as reader:
        assert read_status(reader).files
        assert read_quarantine(reader, None, 3)
        settings = Settings(raw=shop.raw, warehouse=shop.url)
        assert [step.verdict for step in trace_sale(reader, 900009, settings).steps]


def a_difference_is_seen(shop: Shop, held: dict[str, str]) -> None:
    """The comparison can fail: by the last decimal of one amount in one warehouse."""
    shop.house.rows(  # type: ignore[attr-defined]
        "UPDATE sales SET total_sales = total_sales + NUMERIC '0.0001' "
        "WHERE transaction_id = 900009"
    )
    found = tables(shop)
    assert [name for name, there in found.items() if there != held[name]] == ["sales"]


def is_of_the_language(sent: list[tuple[str, str]]) -> None:
    """Google's own analyzer refuses nothing of it, and would refuse what is planted."""
    faults = analyze([*sent, *((sql, "{}") for sql in REFUSED)])
    assert set(faults) - {NOT_THERE_YET} == set(REFUSED[1:]), faults
    assert "NUMERIC" in faults[REFUSED[1]]
