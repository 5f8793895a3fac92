"""The compiled reader of the quick lane (kernel/kernel.c), and the memory that it works in.

It is WebAssembly: the same bytes run on every platform, nobody needs a compiler, and whatever is in
a file, it can touch nothing but its own memory. What it takes and what it leaves is said in C; what
the columns may hold comes from the contract (`plain.py`).
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.sources.scan import Bytes, Mask, Positions

BINARY = Path(__file__).with_suffix(".wasm")

PADDING = 64
"""Zeros behind the text, so that no look ahead leaves it."""

PAGE_BYTES = 1 << 16
"""The unit in which such a memory grows."""


class Kind(IntEnum):
    """What is read of a field."""

    SKIPPED, WHOLE, MONEY, INSTANT, TEXT, EMAIL = range(6)


TEXTS = (Kind.TEXT, Kind.EMAIL)


class Empty(IntEnum):
    """What an empty field is: not plain, NULL, or the field's fallback."""

    IS_DOUBTFUL, IS_NULL, IS_FALLBACK = range(3)


class Letter(IntEnum):
    """Where a byte may stand in an e-mail address; a bit each."""

    IN_LOCAL, IN_DOMAIN = 1, 2


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a line, and which of its values are plain: whole numbers from `low` to `high`,
    money in ten-thousandths, moments in microseconds since 1970-01-01. A text is none of `marks`.
    """

    kind: Kind = Kind.SKIPPED
    empty: Empty = Empty.IS_NULL
    low: int = 0
    high: int = 0
    fallback: int = 0
    nonzero: bool = False
    is_wide: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to be read: the first is line `first` of the file, there are `count`, and those that
    are not to be looked at are marked in `skipped`.
    """

    data: bytes
    first: int
    count: int
    skipped: Mask | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """What was read of a field: a number a row, or for texts `letters` and where each begins in
    them. Where it is not `valid` (None: it is everywhere), the value is NULL.
    """

    numbers: NDArray[Any]
    letters: Bytes
    valid: Mask | None


@dataclass(frozen=True, slots=True)
class Taken:
    """The rows that were taken, by field (None for one that is skipped) and line, and the lines
    that were not. Lines are numbers in the file, in order.
    """

    values: list[Values | None]
    lines: Positions
    left: Positions


def _members(type_: str, names: str) -> list[tuple[str, str]]:
    return [(name, type_) for name in names.split()]


_FIELD = np.dtype(
    [
        *_members("<i4", "kind empty"),
        *_members("<i8", "low high fallback"),
        *_members("<i4", "nonzero is_wide"),
        *_members("<u4", "valid values letters marks used unused"),
    ]
)
_JOB = np.dtype(_members("<u4", "delimiter fields field blanks classes skip lines left rows lefts"))
"""As the C of the kernel declares them, with pointers of 32 bits."""


@cache
def _module() -> Any:
    """Compile the kernel for this processor, once a process (15 ms)."""
    import wasmtime

    engine = wasmtime.Engine()
    module = wasmtime.Module.from_file(engine, str(BINARY))
    atexit.register(_module.cache_clear)  # later than that, its objects cannot be freed any more
    return engine, module


@cache
def unavailable() -> str:
    """Why the kernel cannot run here, or nothing: there may be no WebAssembly for the platform, or
    the system forbids code that is compiled while a program runs.
    """
    try:
        _module()
    except Exception as error:  # noqa: BLE001 - whatever it is, there is another lane
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


class _Memory:
    """The kernel's memory, filled from the front."""

    def __init__(self, store: Any, memory: Any, first: int) -> None:
        self._store, self._memory = store, memory
        self._view: Bytes = np.zeros(0, np.uint8)
        self.end = first

    def room(self, size: int) -> int:
        """Set room aside, and say where it begins."""
        begin = self.end
        self.end = begin + (size + 7) // 8 * 8
        missing = self.end - self._memory.data_len(self._store)
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE_BYTES))
        if len(self._view) != self._memory.data_len(self._store):
            self._view = np.frombuffer(self._memory.get_buffer_ptr(self._store), np.uint8)
        return begin

    def put(self, *pieces: bytes) -> int:
        """Write some pieces one behind the other, and say where they begin."""
        begin = at = self.room(sum(map(len, pieces)))
        for piece in pieces:
            self._view[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            at += len(piece)
        return begin

    def get(self, begin: int, count: int, type_: Any) -> NDArray[Any]:
        """So many values of a type that begin there, as a copy."""
        size = count * np.dtype(type_).itemsize
        values: NDArray[Any] = self._view[begin : begin + size].view(type_).copy()
        return values


class Kernel:
    """Reads lines of the given fields, one text after the other; for one thread at a time.

    `blanks` are what trimming would take away; `classes` says of each byte where it may stand in
    an e-mail address.
    """

    def __init__(
        self, fields: Sequence[Field], delimiter: str, blanks: Iterable[str], classes: Bytes
    ) -> None:
        import wasmtime

        engine, module = _module()
        self._store = wasmtime.Store(engine)
        weakref.finalize(self, self._store.close)
        exports: Any = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._read_lines = exports["read_lines"]
        self._memory = _Memory(self._store, exports["memory"], exports["room"](self._store))
        self._delimiter = ord(delimiter)
        self._blanks = self._memory.put(_listed(blanks))
        self._classes = self._memory.put(classes.tobytes())
        self._fields = np.zeros(len(fields), _FIELD)
        for place, field in zip(self._fields, fields, strict=True):
            for name in ("kind", "empty", "low", "high", "fallback", "nonzero", "is_wide"):
                place[name] = getattr(field, name)
            place["marks"] = self._memory.put(_listed(field.marks))
        self._first_free = self._memory.end

    def read(self, lines: Lines) -> Taken:
        """Take the lines that are plain."""
        memory = self._memory
        memory.end = self._first_free
        text = memory.put(lines.data, b"\n", bytes(PADDING))
        size = len(lines.data) + (not lines.data.endswith(b"\n"))
        rows = min(lines.count, size // len(self._fields)) + 1  # a delimiter or line end a field
        skip = 0 if lines.skipped is None else memory.put(lines.skipped.tobytes())
        for field in self._fields:
            if field["kind"] in TEXTS:
                field["letters"] = memory.room(size)
            if field["kind"] != Kind.SKIPPED:
                field["values"] = memory.room((rows + 1) * (8 if field["is_wide"] else 4))
                field["valid"] = memory.room(rows) if field["empty"] == Empty.IS_NULL else 0
        fields = memory.put(self._fields.tobytes())
        taken, left = memory.room(8 * rows), memory.room(8 * lines.count)
        places = (fields, self._blanks, self._classes, skip, taken, left)
        order = np.array((self._delimiter, len(self._fields), *places, 0, 0), _JOB)
        job = memory.put(order.tobytes())
        self._read_lines(self._store, job, text, size, lines.first)
        (done,) = memory.get(job, 1, _JOB)
        return Taken(
            [self._values(field, done["rows"]) for field in self._fields],
            memory.get(taken, done["rows"], np.int64),
            memory.get(left, done["lefts"], np.int64),
        )

    def _values(self, field: Any, rows: int) -> Values | None:
        """Copy what was read of a field out of the memory, which the next text will take."""
        if field["kind"] == Kind.SKIPPED:
            return None
        is_text = field["kind"] in TEXTS
        number = np.int64 if field["is_wide"] else np.int32
        numbers = self._memory.get(field["values"], rows + is_text, number)
        letters = self._memory.get(field["letters"], int(numbers[-1]) if is_text else 0, np.uint8)
        valid = self._memory.get(field["valid"], rows, np.bool_) if field["valid"] else None
        return Values(numbers, letters, None if valid is None or valid.all() else valid)


def _listed(texts: Iterable[str]) -> bytes:
    """Texts as the kernel has them: each behind its length, and a zero at the end."""
    encoded = [text.encode() for text in texts]
    return b"".join(bytes([len(text)]) + text for text in encoded if text) + b"\0"
