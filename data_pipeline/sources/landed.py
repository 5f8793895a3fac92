"""Landed files: rows of a database as immutable raw files, `sales-landed-000001-utc.csv`.

The number counts the landings of a table, so that the order of names is that of landing. `-utc`
says that bare times in the file are in UTC, whatever time zone is set for other files. Beside each
file lies its note, a hidden file of JSON: how far the table had been read. The note is written
first; only with its file under its name does it count, so that both come into being at once.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from data_pipeline.databases.base import Mark
from data_pipeline.errors import SourceError
from data_pipeline.sources.files import RawFile, find_files

NAME = re.compile(r"(?P<table>[a-z]+)-landed-(?P<number>[0-9]{6,})(?P<utc>-utc)?[.]csv")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Note:
    """What a landed file's note says. `columns` are the source's, in the file's order; `seen_at`
    is the moment of the snapshot; `dated` says that it also stands in each row as `updated_at`,
    because the source has none.
    """

    source: str
    columns: tuple[str, ...]
    seen_at: str
    dated: bool = False
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """A landed file with its number, and its note if that is there and can be read."""

    file: RawFile
    number: int
    note: Note | None


def is_utc(name: str) -> bool:
    """Whether bare times in the raw file of that name are in UTC, come what may."""
    match = NAME.fullmatch(name)
    return match is not None and match["utc"] is not None


def is_landed(name: str) -> bool:
    """Whether the raw file of that name came from a database."""
    return NAME.fullmatch(name) is not None


def landed_name(table: str, number: int, *, utc: bool) -> str:
    """Name a landed file.

    >>> landed_name("sales", 12, utc=True)
    'sales-landed-000012-utc.csv'
    """
    return f"{table}-landed-{number:06}{'-utc' if utc else ''}.csv"


def landed_files(raw: Path) -> dict[str, list[Landed]]:
    """List the landed files of each table in the order of landing."""
    found: dict[str, list[Landed]] = {}
    for file in find_files(raw):
        if match := NAME.fullmatch(file.name):
            landed = Landed(file, int(match["number"]), _read_note(note_path(file.path)))
            found.setdefault(file.table, []).append(landed)
    return {table: sorted(files, key=lambda f: f.number) for table, files in found.items()}


def note_path(path: Path) -> Path:
    """Where the note of a landed file lies."""
    return path.with_name(f".{path.name}.json")


def _read_note(path: Path) -> Note | None:
    """Read a note; one that is gone or of another version only makes more be read again."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("version") != VERSION:
            return None
        mark = told.pop("mark")
        told["columns"] = tuple(told["columns"])
        return Note(**told, mark=Mark(**mark) if mark else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def publish(part: Path, path: Path, note: Note) -> None:
    """Give a file that is written its name; its note is there before."""
    content = json.dumps({"version": VERSION, **asdict(note)}, indent=1, ensure_ascii=False)
    note_part = note_path(path).with_suffix(".part")
    note_part.write_text(content + "\n", encoding="utf-8")
    for written, name in ((note_part, note_path(path)), (part, path)):
        with written.open("rb") as handle:
            os.fsync(handle.fileno())
        written.replace(name)


@contextmanager
def parts_in(raw: Path, tables: Sequence[str]) -> Iterator[dict[str, Path]]:
    """Name a hidden file for each table to write into; what is left of them goes at the end.

    Only one process may land in a directory; a second is refused with SourceError.
    """
    import fcntl

    try:
        raw.mkdir(parents=True, exist_ok=True)
        lock = (raw / ".landing.lock").open("wb")
    except OSError as error:
        raise SourceError(f"cannot write into {raw}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SourceError(
                f"another run is reading a database into {raw}; wait for it to end"
            ) from None
        parts = {table: raw / f".{table}-landing.part" for table in tables}
        try:
            yield parts
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)
