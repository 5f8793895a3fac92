"""The whole way of the raw files into the star: one run, on one screen.

`run` is all or nothing: either the data, the quarantine, the ledger and the list of files become
visible together, with balanced books, or an error says why and the warehouse is as it was.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline import aggregates, extract, ledger, load, transform
from data_pipeline.brake import brake
from data_pipeline.config import Settings
from data_pipeline.contract import TABLES
from data_pipeline.errors import WarehouseError
from data_pipeline.landing import Say, land
from data_pipeline.ledger import KnownFile
from data_pipeline.load import Tally
from data_pipeline.masking import Mask
from data_pipeline.plan import FIRST, NOTHING_NEW, REBUILD, Plan, listed, make_plan
from data_pipeline.processed import Processed
from data_pipeline.signals import uninterrupted
from data_pipeline.sources.arrays import of_numbers, of_one_text, of_texts
from data_pipeline.sources.files import RawFile
from data_pipeline.sources.header import brief
from data_pipeline.sources.kernel import unavailable
from data_pipeline.sql import staging_name
from data_pipeline.transform import CleanedFile, OnRead
from data_pipeline.urls import hide_password
from data_pipeline.warehouses import Access, Warehouse, open_warehouse

RAW_BATCH = 10_000
"""So many texts of records are handed on at once."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did. `tallies` holds the movements by table and file; amounts are exact."""

    run_id: int | None
    kind: str
    warehouse: str
    files: tuple[CleanedFile, ...] = ()
    tallies: dict[str, Tally] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    processed: tuple[Path, ...] = ()
    landed: tuple[str, ...] = ()


def run(settings: Settings, on_read: OnRead | None = None, say: Say | None = None) -> Result:
    """Bring the warehouse up to the raw files, and these up to the databases that they land from.
    Raises PipelineError, and then nothing changed. `say` is told what is tried again.
    """
    started, mask = _now(), settings.mask()
    zone = settings.source_timezone
    landed = land(settings.sources, settings.raw, zone, settings.memory_limit, say=say)
    found = extract.find_files(settings.raw)
    with open_warehouse(settings.warehouse, _access(settings)) as warehouse:
        plan = make_plan(warehouse, found, settings, started, mask)
        processed = Processed(settings.processed, settings.processed_kind, settings.safe_csv)
        if plan.kind == NOTHING_NEW and not plan.touched and not processed.missing():
            return Result(None, NOTHING_NEW, warehouse.url, landed=landed)
        warehouse.prepare()
        with ExitStack() as ending:
            try:
                cleaned = _clean(warehouse, plan, settings, mask, on_read)
                with processed, warehouse.transaction():
                    run_id, tallies = _load(warehouse, plan, cleaned, found, settings)
                    processed.write(warehouse)
                    _enter_run(warehouse, run_id, plan, started, _said(settings, mask))
                    ending.enter_context(uninterrupted())
            finally:
                with suppress(WarehouseError):
                    warehouse.drop_staging()
            processed.show()
        warnings = _warnings(plan, cleaned)
        return Result(
            run_id, plan.kind, warehouse.url, cleaned, tallies, warnings, processed.paths, landed
        )


def _enter_run(warehouse: Warehouse, run_id: int, plan: Plan, started: datetime, said: str) -> None:
    times = (started, _now())
    ledger.write_run(warehouse, run_id, plan.kind, times, _versions(), said)


def _clean(
    warehouse: Warehouse,
    plan: Plan,
    settings: Settings,
    mask: Mask | None,
    on_read: OnRead | None,
) -> tuple[CleanedFile, ...]:
    """Extract and transform: the files' rows into the staging tables."""
    transform.prepare(warehouse.engine, whole=not plan.fresh)
    cleaned: list[CleanedFile] = []
    for table in TABLES.values():
        files = [(f, seen) for f, seen in plan.files if f.table == table.name]
        for format_, group in groupby(files, key=lambda f: settings.format_of_file(f[0])):
            done = transform.clean(warehouse.engine, table, list(group), format_, on_read, mask)
            for file in done:
                brake(warehouse.engine, file, format_, settings.max_quarantine)
            cleaned += done
    return tuple(cleaned)


def _load(
    warehouse: Warehouse,
    plan: Plan,
    cleaned: tuple[CleanedFile, ...],
    found: Sequence[RawFile],
    settings: Settings,
) -> tuple[int, dict[str, Tally]]:
    """Load and check, inside the transaction: the star, the quarantine and the books."""
    warehouse.stage(fresh=plan.fresh)
    if plan.kind == FIRST:
        ledger.create_books(warehouse)
        load.create_star(warehouse)
    aggregates.create_sums(warehouse)
    run_id = ledger.next_run_id(warehouse)
    known = {} if plan.fresh else ledger.known_files(warehouse)
    if plan.kind == REBUILD:
        load.empty_star(warehouse)
    if plan.fresh:
        load.add_guest(warehouse, staging_name(TABLES["customers"]))
        ledger.begin_new_books(warehouse, run_id)
    ledger.write_files(warehouse, run_id, cleaned)
    for file in plan.touched:
        ledger.note_untouched(warehouse, file)
    ledger.order_files(warehouse)
    same = {c.file.name for c in cleaned} | {file.name for file in plan.touched}
    fetch_raw = _raw_reader(found, known, same, settings)
    tallies = {
        table.name: load.merge(warehouse, table, run_id, fetch_raw, replace=plan.fresh)
        for table in TABLES.values()
    }
    load.reject(warehouse, run_id, tallies)
    ledger.write_movements(warehouse, run_id, tallies)
    ledger.close_books(warehouse, cleaned, tallies)
    aggregates.refresh(warehouse, fresh=plan.fresh, timezone=settings.reporting_timezone)
    return run_id, tallies


def _raw_reader(
    found: Sequence[RawFile],
    known: dict[str, KnownFile],
    same: set[str],
    settings: Settings,
) -> load.FetchRaw:
    """Make the function that reads records again, from files that are as they were loaded, as these
    `same` ones are known to be; when personal data are masked, no record is: its text is made of
    the masked row.
    """
    found = () if settings.mask_pii else found
    files = {
        f.name: f
        for f in found
        if f.name in same or (f.name in known and f.fingerprint == known[f.name].fingerprint)
    }

    def fetch(name: str, lines: list[int]) -> Iterator[pa.RecordBatch]:
        if name not in files:
            return
        format_ = settings.format_of_file(files[name])
        found = extract.read_texts(files[name], format_, lines)
        while part := list(islice(found, RAW_BATCH)):
            numbers, texts = zip(*part, strict=True)
            at = of_numbers(np.array(numbers, np.int64), pa.int64())
            columns = [of_one_text(name, len(part)), at, of_texts(texts)]
            yield pa.RecordBatch.from_arrays(columns, schema=load.RAW_SCHEMA)

    return fetch


def _access(settings: Settings) -> Access:
    return Access(
        wait_s=settings.wait_s,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
        declare_keys=settings.declare_keys,
    )


def _warnings(plan: Plan, cleaned: Sequence[CleanedFile]) -> tuple[str, ...]:
    said = [
        f"{name} changed after it was loaded: everything was read again" for name in plan.changed
    ]
    if plan.gone and plan.fresh:
        said.append(f"{listed(plan.gone)} is gone from the raw directory, and so from the star")
    for file in cleaned:
        if file.unknown_columns:
            names = brief(file.unknown_columns)
            said.append(f"{file.file.name}: not in the contract, left in the file: {names}")
    if cleaned and (why := unavailable()):
        said.append(
            f"the quick lane does not run here ({why}): all rows took the contract lane, which "
            "gives the same and takes longer"
        )
    return tuple(said)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _versions() -> str:
    programs = {"python": platform.python_version(), "duckdb": duckdb.__version__}
    return json.dumps(programs | {"layout": ledger.LAYOUT_VERSION})


def _said(settings: Settings, mask: Mask | None) -> str:
    """The settings as JSON, without secrets; of the key for masks its fingerprint."""
    told = asdict(settings) | {"mask_pii": mask.fingerprint if mask else None}
    del told["pii_key"]
    told |= {"warehouse": hide_password(settings.warehouse)}
    told["source"] = hide_password(settings.source or "") or None
    told["sources"] = [{"table": t.table, "from": t.shown} for t in settings.sources]
    return json.dumps(told, default=str, sort_keys=True)


__all__ = ["Plan", "Result", "run"]
