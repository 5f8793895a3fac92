"""The warehouse of these tests is a dataset of its own, on the emulator or on the real service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bigquery.service import BigQueryHouse
from tests.shop import House

collect_ignore = ["analyzer.py", "server.py"]
"""Programs for environments of their own."""


@pytest.fixture
def house() -> Iterator[House]:
    made = BigQueryHouse()
    yield made
    made.drop()
