"""What a run would do, without doing it: nothing is read but what is needed to say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from data_pipeline import extract
from data_pipeline.config import Settings
from data_pipeline.errors import MissingWarehouseError
from data_pipeline.plan import Plan, first_plan, make_plan
from data_pipeline.urls import hide_password
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.base import Cost


@dataclass(frozen=True, slots=True)
class Preview:
    """The plan of a run, and what it would cost at most where work is paid for."""

    plan: Plan
    warehouse: str
    cost: Cost | None

    @property
    def size(self) -> int:
        """The bytes of the raw files that would be read."""
        return sum(file.size for file, _ in self.plan.files)


def preview(settings: Settings) -> Preview:
    """Look at the raw files and the warehouse, and say what a run would do. Databases that raw
    files land from are not asked.
    """
    now, found = datetime.now(UTC).replace(tzinfo=None), extract.find_files(settings.raw)
    try:
        warehouse = open_warehouse(settings.warehouse, Access(read_only=True))
    except MissingWarehouseError:
        return Preview(
            first_plan(found, settings, now), hide_password(settings.warehouse), cost=None
        )
    with warehouse:
        plan = make_plan(warehouse, found, settings, now, settings.mask())
        size = sum(file.size for file, _ in plan.files)
        return Preview(plan, warehouse.url, warehouse.estimate(size) if plan.files else None)
