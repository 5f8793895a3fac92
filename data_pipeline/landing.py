"""Landing: what is new in a shop's database becomes immutable raw files; from then on all is files.

All tables of a database are read in one consistent snapshot by a read-only session. A dropped
connection is tried again with growing pauses; nothing has a name in the raw directory before
everything was read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data_pipeline.contract import TABLES, Instant
from data_pipeline.databases import open_database
from data_pipeline.databases.base import ConnectionDroppedError, Database, Found, Moment
from data_pipeline.errors import SourceError
from data_pipeline.sources.declared import SourceTable
from data_pipeline.sources.files import RawFile
from data_pipeline.sources.landed import (
    Landed,
    Note,
    landed_files,
    landed_name,
    parts_in,
    publish,
)
from data_pipeline.sources.unlanded import keep_unlanded
from data_pipeline.sources.watermark import since_last

__all__ = ["PAUSES_S", "SourceTable", "land"]

PAUSES_S = (1.0, 2.0, 4.0, 8.0)
BUFFER_BYTES = 1 << 20
UPDATED_AT = "updated_at"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A table that was read into a part: what will be its note, and what it may repeat."""

    table: str
    part: Path
    rows_begin: int
    utc: bool
    note: Note
    repeats: tuple[Landed, ...]


def land(
    tables: Sequence[SourceTable],
    raw: Path,
    timezone: str = "UTC",
    memory_limit: str = "2GB",
    *,
    pauses_s: Sequence[float] = PAUSES_S,
    say: Say | None = None,
) -> tuple[str, ...]:
    """Read what is new in the tables, and return the names of the files that landed.

    `timezone` is that of the database's bare clock times. Raises SourceError, and then nothing has
    landed; `say` is told of each attempt that failed.
    """
    if not tables:
        return ()
    order = [t for name in TABLES for t in tables if t.table == name]
    with parts_in(raw, [t.table for t in order]) as parts:
        before = landed_files(raw)
        arrivals: list[_Arrival] = []
        for url in dict.fromkeys(t.url for t in order):
            group = [t for t in order if t.url == url]
            reading = _Reading(group, parts, before, timezone)
            arrivals += _patiently(reading, url, pauses_s, say)
        arrivals.sort(key=lambda a: list(TABLES).index(a.table))
        kept = [a for a in arrivals if _has_news(a, before.get(a.table, []), memory_limit)]
        return tuple(_publish(a, raw, before.get(a.table, [])) for a in kept)


def _patiently(
    reading: _Reading, url: str, pauses_s: Sequence[float], say: Say | None
) -> list[_Arrival]:
    """Read, and when the connection drops read again from the start, after a longer pause."""
    for pause_s in pauses_s:
        try:
            return reading.read(url)
        except ConnectionDroppedError as error:
            if say:
                say(f"{error}; trying again in {pause_s:g} s")
            time.sleep(pause_s)
    try:
        return reading.read(url)
    except ConnectionDroppedError as error:
        raise SourceError(
            f"{error}; given up after {len(pauses_s) + 1} attempts, nothing has landed. Run again "
            "when the database can be reached"
        ) from None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The tables of one database, to be read in one snapshot."""

    tables: Sequence[SourceTable]
    parts: Mapping[str, Path]
    before: Mapping[str, Sequence[Landed]]
    timezone: str

    def read(self, url: str) -> list[_Arrival]:
        with open_database(url) as database:
            moment = database.snapshot()
            return [self._read(database, moment, table) for table in self.tables]

    def _read(self, database: Database, moment: Moment, wanted: SourceTable) -> _Arrival:
        relation = _relation(database, wanted)
        found = _matched(database.columns(relation), wanted)
        landed = self.before.get(wanted.table, ())
        mark, where, repeats = since_last(
            database, moment, wanted, relation, found, landed, timezone=self.timezone
        )
        utc = all(
            found[c.name].zoned
            for c in TABLES[wanted.table].raw_columns
            if c.name in found and isinstance(c.type, Instant)
        )
        columns = [(column, not utc) for column in found.values()]
        dated = UPDATED_AT not in found
        seen_at = moment.now.isoformat(" ", "microseconds")
        if dated:
            value = seen_at if utc else seen_at + "Z"
            columns.append((Found(UPDATED_AT, "", value=value), False))
        header = ",".join([*found, *([UPDATED_AT] if dated else [])]).encode() + b"\n"
        part = self.parts[wanted.table]
        with part.open("wb", buffering=BUFFER_BYTES) as file:
            out = _Part(file, part)
            out.write(header)
            database.export(columns, relation, where, out)
            out.flush()
        note = Note(wanted.shown, tuple(found), seen_at, dated, mark)
        return _Arrival(wanted.table, part, len(header), utc, note, tuple(repeats))


class _Part:
    """A file whose troubles are not mistaken for those of the connection."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise SourceError(
                f"cannot write into {self._path.parent}: {error.strerror}; nothing has landed"
            ) from None

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            raise SourceError(
                f"cannot write into {self._path.parent}: {error.strerror}; nothing has landed"
            ) from None


def _relation(database: Database, wanted: SourceTable) -> str:
    if wanted.query:
        return f"({wanted.query.strip().rstrip(';')}) AS source"
    return database.relation(wanted.name)


def _matched(found: Sequence[Found], wanted: SourceTable) -> dict[str, Found]:
    """Match the contract's columns with the database's, exactly or else without case."""
    exact = {f.name: f for f in found}
    folded = {f.name.casefold(): f for f in reversed(found)}
    matched, absent = {}, []
    for column in TABLES[wanted.table].raw_columns:
        name = wanted.columns.get(column.name, column.name)
        if match := exact.get(name) or folded.get(name.casefold()):
            matched[column.name] = match
        elif column.required or column.name in wanted.columns:
            absent.append(name)
    if absent:
        raise SourceError(
            f"{wanted.shown} lacks {', '.join(absent)}; it has {', '.join(exact)}. Say which "
            f"columns they are under [sources.{wanted.table}.columns] in pipeline.toml"
        )
    return matched


def _has_news(arrival: _Arrival, landed: Sequence[Landed], memory_limit: str) -> bool:
    """Leave in the part only what has not landed; the first time, a table lands even if empty."""
    if arrival.repeats:
        file = _raw_file(arrival)
        return keep_unlanded(file, arrival.repeats, arrival.note.columns, memory_limit) > 0
    return not landed or arrival.part.stat().st_size > arrival.rows_begin


def _publish(arrival: _Arrival, raw: Path, landed: Sequence[Landed]) -> str:
    number = landed[-1].number + 1 if landed else 1
    name = landed_name(arrival.table, number, utc=arrival.utc)
    publish(arrival.part, raw / name, arrival.note)
    return name


def _raw_file(arrival: _Arrival) -> RawFile:
    status = arrival.part.stat()
    fingerprint = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return RawFile(arrival.table, arrival.part.name, arrival.part, *fingerprint)
