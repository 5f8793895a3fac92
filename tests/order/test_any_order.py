"""The machine is let loose: for a minute in CI, for as long as ORDER_EXAMPLES says by hand."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from data_pipeline import ledger
from data_pipeline.warehouses.base import Warehouse
from tests.hostile.process import commands
from tests.order.machine import AnyOrder

EXAMPLES = int(os.environ.get("ORDER_EXAMPLES", "8"))
LOOSE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=10,
    deadline=None,
    derandomize="ORDER_EXAMPLES" not in os.environ,
    phases=(Phase.generate, Phase.shrink) if EXAMPLES > 100 else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
    database=None,
)


def test_any_order_of_events_gives_the_same_warehouse() -> None:
    seen: list[AnyOrder] = []

    class Watched(AnyOrder):
        def __init__(self) -> None:
            super().__init__()
            seen.append(self)

    with commands() as forked:
        Watched.commands = forked
        run_state_machine_as_test(Watched, settings=LOOSE)
    assert sum(machine.runs for machine in seen) >= 2 * EXAMPLES


def newest_loaded_wins(warehouse: Warehouse) -> None:
    """The planted fault: of two versions the one that was loaded later wins."""
    warehouse.rows("DROP TABLE IF EXISTS file_order")
    warehouse.rows(
        "CREATE TEMP TABLE file_order AS "
        "SELECT path, LPAD(CAST(run_id AS VARCHAR), 9, '0') || sort_key AS sort_key FROM files"
    )


def test_a_winner_by_order_of_loading_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "order_files", newest_loaded_wins)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(AnyOrder, settings=settings(LOOSE, max_examples=30))
