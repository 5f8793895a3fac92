"""Every warehouse gives the page the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.dashboard.answers.analyses import ANALYSES
from data_pipeline.metrics import DIMENSIONS
from tests.dashboard.client import Dashboard, open_dashboard
from tests.dashboard.raw import HOSTILE_FILES, hostile_store, write_raw
from tests.metrics.store import make_store
from tests.shop import HOUSES, Shop

if TYPE_CHECKING:
    from pathlib import Path

SPRING = {"since": "2025-02-01", "until": "2025-06-30"}
SCOPES: tuple[dict[str, Any], ...] = (
    {},
    {**SPRING, "where": ["category:Books", "channel:web"]},
    {"where": ["country:Germany", "new_or_returning:New"]},
)
METRICS = ["net_sales", "orders", "new_customers", "repeat_rate", "margin_rate", "average_price"]
CHANGING = {"version", "took_ms", "loaded_at", "source", "runs"}


def answers_of(dashboard: Dashboard) -> dict[str, Any]:
    """All kinds of answers, without what differs from one load to the next."""
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"analyses/{name}", {**scope, "min_orders": 1}) for name in ANALYSES for scope in SCOPES
    ]
    asked += [("analyses/products", {"sort": f"-{name}", **SPRING}) for name in METRICS[-2:]]
    asked += [("analyses/products", {"search": "product 1", "limit": 3})]
    compared = {"metric": METRICS, "compare": "previous", "totals": 1, **SPRING}
    asked += [("query", {**compared, "by": name, "fill": 1}) for name in DIMENSIONS]
    asked += [(f"values/{name}", {}) for name in DIMENSIONS]
    asked += [("rows", {"metric": "return_rate", **scope}) for scope in SCOPES]
    asked += [("headlines", scope) for scope in SCOPES]
    asked += [("quality", {}), ("quarantine", {}), ("quarantine", {"reason": "orphan_product"})]
    return {
        f"{path} {parameters}": {
            key: value
            for key, value in dashboard.ask(f"/api/{path}", **parameters).items()
            if key not in CHANGING
        }
        for path, parameters in asked
    }


def load_and_ask(kind: str, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    house = HOUSES[kind](folder)
    try:
        store = hostile_store(make_store(orders=200))
        Shop(folder, house).put(write_raw(store) | HOSTILE_FILES).run()
        with open_dashboard(house.url) as dashboard:
            return answers_of(dashboard)
    finally:
        house.drop()


@pytest.mark.parametrize("kind", sorted(set(HOUSES) - {"duckdb"}))
def test_the_same_answers_as_from_duckdb(kind: str, tmp_path: Path) -> None:
    expected = load_and_ask("duckdb", tmp_path / "duckdb")
    found = load_and_ask(kind, tmp_path / kind)
    assert len(found) > 70
    assert {name for name in expected if expected[name] != found[name]} == set()
