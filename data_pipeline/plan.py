"""What a run has to do: the files that are there, compared with those that the star is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from data_pipeline import ledger
from data_pipeline.config import Settings
from data_pipeline.contract import TABLES
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.masking import Mask
from data_pipeline.sources.files import RawFile, content_hash
from data_pipeline.warehouses.base import Warehouse

NOTHING_NEW, FIRST, INCREMENTAL, REBUILD = "nothing new", "first", "incremental", "rebuild"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do: `files` are to be loaded, each with the moment it was first seen."""

    kind: str
    files: tuple[tuple[RawFile, datetime], ...] = ()
    touched: tuple[RawFile, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether the star is made from these files alone."""
        return self.kind in (FIRST, REBUILD)


def make_plan(
    warehouse: Warehouse,
    found: Sequence[RawFile],
    settings: Settings,
    now: datetime,
    mask: Mask | None,
) -> Plan:
    """Compare the files that are there with those that the star is made of."""
    if not warehouse.has_tables():
        return first_plan(found, settings, now)
    _check_mask(warehouse, mask)
    known = ledger.known_files(warehouse)
    names = {f.name for f in found}
    gone = tuple(sorted(name for name in known if name not in names))
    new = [f for f in found if f.name not in known]
    moved = [f for f in found if f.name in known and f.fingerprint != known[f.name].fingerprint]
    changed = [f for f in moved if content_hash(f) != known[f.name].content_hash]
    touched = tuple(f for f in moved if f not in changed)
    if changed and gone and not settings.full_refresh:
        raise SourceError(
            f"{listed(f.name for f in changed)} changed after it was loaded, so everything has to "
            f"be read again, but {listed(gone)} is gone from {settings.raw}; put it back, or "
            "rebuild from the files that are there with --full-refresh"
        )
    if changed or settings.full_refresh:
        renewed = {f.name for f in changed}
        files = tuple(
            (f, now if f.name in renewed or f.name not in known else known[f.name].first_seen)
            for f in _complete(found, settings)
        )
        return Plan(REBUILD, files, (), tuple(sorted(renewed)), gone)
    kind = INCREMENTAL if new else NOTHING_NEW
    return Plan(kind, tuple((f, now) for f in new), touched, (), gone)


def first_plan(found: Sequence[RawFile], settings: Settings, now: datetime) -> Plan:
    """All files, for a warehouse that has nothing yet."""
    return Plan(FIRST, tuple((f, now) for f in _complete(found, settings)))


def _check_mask(warehouse: Warehouse, mask: Mask | None) -> None:
    """Refuse a run that would not mask as the star is masked: what a run has once written as it
    came stays in freed blocks, old versions and backups, where no later mask reaches it.
    """
    was, now = ledger.mask_of_star(warehouse), mask.fingerprint if mask else None
    if was == now:
        return
    if was is None:
        problem = "holds names and e-mail addresses as they came, and this run would mask them"
    elif now is None:
        problem = "holds masked names and e-mail addresses, and this run would not mask them"
    else:
        problem = f"is masked with another key (fingerprint {was}; that of this run is {now})"
    raise ConfigError(
        f"{warehouse.url} {problem}; run with mask_pii and SALES_PII_KEY as it was made, or make "
        "another warehouse from the raw files (--warehouse)"
    )


def _complete(found: Sequence[RawFile], settings: Settings) -> Sequence[RawFile]:
    """All three tables have to be there when the star is made."""
    absent = [name for name in TABLES if not any(f.table == name for f in found)]
    if absent:
        raise SourceError(
            f"{settings.raw} has no file {listed(name + '*' for name in absent)}; the first run "
            "needs customers, products and sales (make a store with: sales simulate)"
        )
    return found


def listed(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    shown = list(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
