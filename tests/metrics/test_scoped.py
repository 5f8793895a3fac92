"""An analysis of some sales is the analysis of a shop that has only those."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline import aggregates
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import Frame, Reader, open_reader
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.behaviour import (
    age_groups,
    cohort_retention,
    concentration,
    repeat_intervals,
    rfm_segments,
)
from data_pipeline.warehouses import open_warehouse
from tests.metrics import oracle
from tests.metrics.store import write_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.metrics.store import Store

ZONE = "America/St_Johns"

ANALYSES: dict[str, Callable[..., Frame | tuple[Frame, ...]]] = {
    "cohorts": cohort_retention,
    "segments": rfm_segments,
    "intervals": repeat_intervals,
    "products": lambda reader, **limits: concentration(reader, "product", **limits),
    "customers": lambda reader, **limits: concentration(reader, "customer", **limits),
    "ages": lambda reader, **limits: age_groups(reader, in_year=2025, **limits),
    "pairs": lambda reader, **limits: basket_pairs(reader, min_orders=2, **limits),
}

LIMITS: dict[str, dict[str, Any]] = {
    "some categories": {"where": {"category": ["Books", "Toys"]}},
    "a country": {"where": {"country": ["Germany"]}},
    "some days": {"since": date(2025, 2, 1), "until": date(2025, 8, 31)},
    "first purchases and guests on the web from May": {
        "since": date(2025, 5, 1),
        "where": {"new_or_returning": ["New", "Guest"], "channel": ["web", "Unknown"]},
    },
    "a cohort, or none": {"where": {"cohort": [None, date(2024, 11, 1)]}},
    "nothing at all": {"where": {"category": []}},
}


def passes(
    line: oracle.Line, since: date = date.min, until: date = date.max, where: Any = ()
) -> bool:
    return since <= line.day <= until and all(
        oracle.DIMENSIONS[name](line)[0] in values for name, values in dict(where).items()
    )


@pytest.fixture(scope="module", params=LIMITS)
def some_sales(
    request: pytest.FixtureRequest, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """Limits, and a shop of the sales within them."""
    limits = LIMITS[request.param]
    kept = tuple(x.sale for x in oracle.make_lines(store, ZONE) if passes(x, **limits))
    path = tmp_path_factory.mktemp("some") / "store.duckdb"
    return limits, write_store(replace(store, sales=kept), path)


@pytest.fixture(scope="module")
def summed_url(store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The whole shop, with the sums beside it that must not answer for a part."""
    url = write_store(store, tmp_path_factory.mktemp("whole") / "store.duckdb")
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse, timezone=ZONE)
    return url


@pytest.mark.parametrize("name", ANALYSES)
def test_a_part_is_as_a_shop_of_its_own(
    summed_url: str, some_sales: tuple[dict[str, Any], str], name: str
) -> None:
    limits, part = some_sales
    with open_reader(summed_url) as whole, open_reader(part) as alone:
        found = ANALYSES[name](whole, timezone=ZONE, **limits)
        assert found == ANALYSES[name](alone, timezone=ZONE)
        assert found != ANALYSES[name](whole, timezone=ZONE)


@pytest.mark.parametrize("name", ANALYSES)
def test_an_unknown_dimension_is_refused(reader: Reader, name: str) -> None:
    with pytest.raises(ConfigError, match="unknown dimension 'town'"):
        ANALYSES[name](reader, where={"town": "x"})
