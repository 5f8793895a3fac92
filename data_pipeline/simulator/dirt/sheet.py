"""The mechanism of dirt: records become text, kinds of defects rewrite it, and marks say where.

A batch of clean records comes in. The few that get a defect are taken out as a `Sheet` of text;
each kind works on all of its records at once: it rewrites values, adds records, and marks what a
perfect pipeline makes of it. Then clean and dirty lines are put together in one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.simulator.randomness import Ints, hashed, pick

Words = npt.NDArray[np.object_]
"""Values as bytes, in an array of objects."""

LOADED, REPAIRED, QUARANTINED = "loaded", "repaired", "quarantined"
DUPLICATE, SUPERSEDED = "duplicate", "superseded"

APART = 200
"""At most so many records lie between a record and its copy."""


@dataclass(frozen=True)
class Marks:
    """What a perfect pipeline makes of some records of one kind; `row` counts in the sheet."""

    row: Ints
    kind: str
    verdict: str
    reason: str | None
    column: str | None
    value: Words | None


@dataclass
class Sheet:
    """The records of one batch that get a defect, as text; and the records that are added."""

    names: tuple[str, ...]
    text: dict[str, Words]
    salt: Ints
    """A random number for each record."""
    amount: Ints
    """What each record is worth, in hundredths."""
    bare: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    fields_more: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    lines_more: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    lost: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    amount_more: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    marks: list[Marks] = field(default_factory=list)
    added: list[tuple[Ints, Sheet]] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = len(self.salt)
        self.bare = {name: np.zeros(n, np.bool_) for name in self.names}
        self.fields_more, self.lines_more = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.lost, self.amount_more = np.zeros(n, np.bool_), np.zeros(n, np.int64)

    def write(self, at: Ints, column: str, values: Words | bytes, bare: bool = False) -> None:
        """Set the values; `bare` ones are not quoted, whatever is in them."""
        self.text[column][at] = values
        self.bare[column][at] = bare

    def quarantine(self, at: Ints, kind: str, reason: str, column: str | None = None) -> None:
        """Mark records as lost with that reason."""
        self.lost[at] = True
        self.marks.append(Marks(at, kind, QUARANTINED, reason, column, None))

    def keep(
        self, at: Ints, kind: str, column: str, value: Words | None, repair: str | None = None
    ) -> None:
        """Mark records as loaded with that value (None is NULL), by a repair if one is needed."""
        verdict = REPAIRED if repair else LOADED
        self.marks.append(Marks(at, kind, verdict, repair, column, value))

    def duplicate(self, at: Ints, kind: str) -> None:
        """Mark records as saying what another one has said."""
        self.marks.append(Marks(at, kind, DUPLICATE, None, None, None))

    def supersede(self, at: Ints, kind: str) -> None:
        """Mark records as replaced by another version."""
        self.marks.append(Marks(at, kind, SUPERSEDED, SUPERSEDED, None, None))

    def copy(self, at: Ints, **changed: Words | bytes) -> tuple[Sheet, Ints]:
        """Add copies of records further down, changed so; return their sheet and its rows."""
        copies = Sheet(
            self.names,
            {name: self.text[name][at].copy() for name in self.names},
            self.salt[at],
            np.zeros(len(at), np.int64),
        )
        rows = np.arange(len(at))
        for column, values in changed.items():
            copies.write(rows, column, values)
        self.added.append((at, copies))
        return copies, rows

    def choose(self, at: Ints, *options: bytes) -> Words:
        """Return one of the options for each record."""
        return np.array(options, dtype=object)[self.salt[at] // 7 % len(options)]


Plant = Callable[[Sheet, Ints], None]


@dataclass(frozen=True)
class Dirty:
    """What is planted into a batch of `n` clean records, and the answers.

    Planted records have numbers: those instead of a clean one first, then those that are added.
    """

    n: int
    rows: Ints
    """The rows of the batch that were changed."""
    place: Ints
    """Where each planted record stands, rising: twice the row instead of which it stands, or one
    more than twice the row behind which it does."""
    planted: Ints
    """The numbers of the planted records in this order."""
    height: Ints
    """How many physical lines each of them takes, in this order."""
    sheets: list[Sheet]
    """The changed records, then the added ones."""
    answers: list[tuple[Ints, Ints, Marks]]
    """For each marks: planted records, rows of the batch that they stem from, and the marks."""
    lost: Ints
    """Rows of the batch that a perfect pipeline does not load as they were."""
    amount_more: tuple[Ints, Ints]
    """Rows whose amount a later version changes, and by how much."""

    @property
    def records(self) -> int:
        """How many records there are with those that are added."""
        return self.n + len(self.place) - len(self.rows)

    @property
    def runs(self) -> tuple[Ints, Ints]:
        """Before each planted record: the row at which the clean ones end, and go on."""
        behind = self.place // 2 + 1
        return behind - (self.place % 2 == 0), behind

    def lines(self, as_text: bool) -> Lines:
        """Return where records stand; in Parquet each takes one line."""
        height = self.height if as_text else np.ones_like(self.height)
        until, behind = self.runs
        more = np.cumsum(height - (behind - until))
        before = np.concatenate([[0], more])
        planted = np.empty(len(self.place), np.int64)
        planted[self.planted] = until + before[:-1]
        same = np.diff(behind, prepend=0, append=self.n)
        return Lines(np.arange(self.n) + np.repeat(before, same), planted, self.n + int(before[-1]))


@dataclass(frozen=True)
class Lines:
    """The physical lines on which records begin, from 0."""

    of_rows: Ints
    """Of each row of the batch."""
    of_planted: Ints
    """Of each planted record."""
    total: int


def text_of(column: pa.Array | pa.ChunkedArray) -> Words:
    """Return values as bytes; NULL is empty."""
    filled = pc.fill_null(column.cast(pa.string()), "")
    return np.asarray(filled.cast(pa.binary()).to_numpy(zero_copy_only=False), dtype=object)


def strings(words: Words) -> pa.Array:
    """Return values, which are UTF-8, as Arrow strings: the way back from `text_of`."""
    return pa.array(words, pa.binary()).cast(pa.string())


def hit(seed: int, stream: str, key: Ints, share: float) -> npt.NDArray[np.bool_]:
    """Return which records get a defect."""
    return np.asarray(hashed(seed, f"dirt-{stream}", key) < share)


@dataclass(frozen=True)
class Chance:
    """What decides which records are hit: the share, the seed, and each record's `key`."""

    share: float
    seed: int
    stream: str
    key: Ints


def soil(
    part: Callable[[Ints], pa.Table],
    kinds: tuple[Any, ...],
    chance: Chance,
    until: Ints,
    amount: Ints,
    spare: npt.NDArray[np.bool_] | None = None,
) -> Dirty | None:
    """Plant defects into a batch, by chance that belongs to each record's key.

    `part` returns some rows of the batch. `until` is, for each record, the row before which its
    copies stand (a day's end): what is planted does not depend on how days are put into batches.
    Records in `spare` stay clean. Returns None when all do.
    """
    seed, stream = chance.seed, chance.stream
    if chance.share == 0:
        return None
    chosen = hit(seed, stream, chance.key, chance.share)
    rows = np.flatnonzero(chosen if spare is None else chosen & ~spare)
    if len(rows) == 0 or not kinds:
        return None
    records = part(rows)
    key = chance.key[rows]
    salt = (hashed(seed, f"salt-{stream}", key) * 2.0**52).astype(np.int64)
    text = {name: text_of(records[name]) for name in records.column_names}
    sheet = Sheet(tuple(records.column_names), text, salt, amount[rows])
    kind = pick(hashed(seed, f"kind-{stream}", key), np.array([k.weight for k in kinds]))
    for index, planted in enumerate(kinds):
        at = np.flatnonzero(kind == index)
        if len(at):
            planted.plant(sheet, at)
    return _assemble(sheet, rows, until[rows], len(chance.key))


def _assemble(sheet: Sheet, rows: Ints, until: Ints, n: int) -> Dirty:
    """Put changed records in their places and added ones a little further down."""
    places, heights = [rows * 2], [1 + sheet.lines_more]
    answers = [(m.row, rows[m.row], m) for m in sheet.marks]
    many = len(rows)
    for at, copies in sheet.added:
        further = rows[at] + (copies.salt // 11) % APART
        places.append(np.minimum(further, until[at] - 1) * 2 + 1)
        heights.append(1 + copies.lines_more)
        answers += [(many + m.row, rows[at[m.row]], m) for m in copies.marks]
        many += len(at)
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable")
    more = np.flatnonzero(sheet.amount_more)
    return Dirty(
        n,
        rows,
        place[order],
        order,
        np.concatenate(heights)[order],
        [sheet, *(copies for _, copies in sheet.added)],
        answers,
        rows[sheet.lost],
        (rows[more], sheet.amount_more[more]),
    )
