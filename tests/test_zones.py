"""Local times: to UTC, or to quarantine where the clocks skip or double them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.golden import read_zones
from tests.oracle import judge
from tests.rawfiles import STORE, sales
from tests.shop import Shop, assert_is_star

if TYPE_CHECKING:
    from pathlib import Path

ZONES = read_zones()
NOW = datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(("zone", "raw", "verdict"), ZONES)
def test_oracle_judges_as_the_table_says(zone: str, raw: str, verdict: str) -> None:
    judged = judge("sales", "timestamp", raw, NOW, ZoneInfo(zone))
    assert judged.reason == reason_of(verdict)
    assert judged.value == (None if judged.reason else datetime.fromisoformat(verdict))


@cache
def reason_of(verdict: str) -> str | None:
    return f"{verdict}_timestamp" if verdict in ("invalid", "out_of_range") else None


@pytest.mark.parametrize("zone", sorted({zone for zone, _, _ in ZONES}))
def test_pipeline_judges_as_the_table_says(zone: str, tmp_path: Path) -> None:
    mine = [(raw, verdict) for name, raw, verdict in ZONES if name == zone]
    rows = [f"{line},1,1,1,5,{raw}" for line, (raw, _) in enumerate(mine, 2)]
    shop = Shop(tmp_path).put(STORE | {"sales.csv": sales(*rows)})
    shop.run(source_timezone=zone)
    loaded: dict[int, datetime] = dict(shop.rows("SELECT source_line, timestamp FROM sales"))
    reasons: dict[int, str] = dict(shop.rows("SELECT source_line, reason FROM quarantine"))
    for line, (_, verdict) in enumerate(mine, 2):
        reason = reason_of(verdict)
        assert reasons.get(line) == reason
        assert loaded.get(line) == (None if reason else datetime.fromisoformat(verdict))
    assert_is_star(shop, shop.star(ZoneInfo(zone)))
