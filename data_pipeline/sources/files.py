"""Raw files: which ones there are, and their bytes as UTF-8.

A file is read once, front to back, while its content is hashed; what cannot be read as a whole is
refused with `SourceError` before a single row of it is loaded.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_pipeline.contract import TABLES
from data_pipeline.errors import SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    Buffered = io.BufferedReader["_HashedFile"]

BLOCK_BYTES = 8 << 20
BOMB_BYTES, BOMB_RATIO = 100 << 20, 200
"""More than this much text, and this many times the packed size: not an export of a shop."""

PARQUET_BYTES = 5
PARQUET_BEGINS = re.compile(rb"PAR1(?![\t -~])")
"""A Parquet file has no letter behind its mark; the name of a first column may begin so, too."""

_GZIP_MAGIC = b"\x1f\x8b"
FOREIGN_BYTES = 16
_FOREIGN = {
    b"pk\x03\x04": "a ZIP archive or a spreadsheet; export it as CSV",
    b"<!doctype": "an HTML page; download the data itself",
    b"<html": "an HTML page; download the data itself",
    b"version https://": "a Git LFS pointer; fetch the file itself",
    b"sqlite format 3\0": "an SQLite database; export its tables as CSV",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of one table, as it lay in the raw directory when it was found."""

    table: str
    name: str
    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def sort_key(self) -> str:
        return natural_key(self.name)

    @property
    def fingerprint(self) -> tuple[int, int, int]:
        """What changes whenever the content may have changed."""
        return self.size, self.mtime_ns, self.ctime_ns


def natural_key(name: str) -> str:
    """Make a text whose plain order is the natural order of file names.

    >>> natural_key("sales-2.csv") < natural_key("sales-10.csv")
    True
    """
    digits = re.sub(r"[0-9]+", lambda m: m.group().lstrip("0").rjust(20, "0"), name.casefold())
    return f"{digits}\x01{name}"


def find_files(raw: Path) -> list[RawFile]:
    """List the files `customers*`, `products*` and `sales*` of `raw`, tables in loading order,
    files in natural order. Hidden files are left alone. Raises SourceError for what is no file.
    """
    try:
        entries = list(os.scandir(raw))
    except OSError as error:
        raise SourceError(
            f"cannot read the raw directory {raw}: {error.strerror}; make it, or name another "
            "with --raw"
        ) from None
    found = []
    for entry in entries:
        name = entry.name
        if table := next((t for t in TABLES if name.casefold().startswith(t)), None):
            found.append(_describe(table, name, Path(entry.path)))
    order = list(TABLES)
    return sorted(found, key=lambda f: (order.index(f.table), f.sort_key))


def _describe(table: str, name: str, path: Path) -> RawFile:
    try:
        name.encode("utf-8")
        status = path.stat()
    except UnicodeEncodeError:
        raise SourceError(f"the name of {name!r} is not UTF-8; rename the file") from None
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise SourceError(f"{name} is {kind}; move it out of the raw directory")
    return RawFile(table, name, path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class _HashedFile(io.RawIOBase):
    """A file read from front to back; every byte that leaves it went into the hash, if asked."""

    def __init__(self, path: Path, *, hashed: bool) -> None:
        self._hashed = hashed
        self._file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
        self.sha256 = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view) or 0
        if self._hashed:
            self.sha256.update(view[:count])
        self.bytes_read += count
        return count

    def unchanged(self, file: RawFile) -> bool:
        now = os.fstat(self._file.fileno())
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == file.fingerprint

    def close(self) -> None:
        self._file.close()
        super().close()


def content_hash(file: RawFile) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    try:
        with file.path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"cannot read {file.name}: {error.strerror}") from None


class ByteStream:
    """The text of a file as blocks of UTF-8 without byte order mark.

    `encoding` is the one that the user declared, or None: then a byte order mark decides between
    UTF-8 and UTF-16, and without one it is UTF-8 (bad bytes are passed on: they cost their record).
    After the last block `content_hash` holds the SHA-256 of the file as it lies on the disk; with
    `hashed` off it is not reckoned.
    """

    def __init__(self, file: RawFile, encoding: str | None = None, *, hashed: bool = True) -> None:
        self._hashed = hashed
        self.file = file
        self.encoding = encoding
        self.content_hash = ""
        self.bytes_read = 0

    def blocks(self) -> Iterator[bytes]:
        name = self.file.name
        try:
            with _HashedFile(self.file.path, hashed=self._hashed) as raw:
                buffered = io.BufferedReader(raw, BLOCK_BYTES)
                yield from self._decoded(raw, buffered)
                while buffered.read(BLOCK_BYTES):
                    pass
                if not raw.unchanged(self.file):
                    raise SourceError(f"{name} changed while it was read; run again when it rests")
                self.content_hash = raw.sha256.hexdigest() if self._hashed else ""
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(
                f"{name} is a cut or damaged gzip file ({error}); fetch it again"
            ) from None
        except UnicodeDecodeError as error:
            raise SourceError(f"{name} is not {error.encoding}: {error.reason}") from None
        except OSError as error:
            raise SourceError(f"cannot read {name}: {error.strerror or error}") from None

    def _decoded(self, raw: _HashedFile, buffered: Buffered) -> Iterator[bytes]:
        blocks = self._counted(raw, buffered)
        head = next(blocks, b"")
        if not head:
            raise SourceError(
                f"{self.file.name} is empty; a file without rows still has its header"
            )
        beginning = head[:FOREIGN_BYTES].lower()
        for magic, what in _FOREIGN.items():
            if beginning.startswith(magic):
                raise SourceError(f"{self.file.name} is {what}")
        bom, encoding = next((b for b in _BOMS if head.startswith(b[0])), (b"", "utf-8"))
        encoding = codecs.lookup(self.encoding or encoding).name
        head = head[len(bom) :]
        if encoding == "utf-8":
            yield head
            yield from blocks
            return
        decoder = codecs.getincrementaldecoder(encoding)()
        yield decoder.decode(head).encode()
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()

    def _counted(self, raw: _HashedFile, buffered: Buffered) -> Iterator[bytes]:
        for block in self._unpacked(raw, buffered):
            self.bytes_read = raw.bytes_read
            yield block

    def _unpacked(self, raw: _HashedFile, buffered: Buffered) -> Iterator[bytes]:
        if not buffered.peek(2).startswith(_GZIP_MAGIC):
            while block := buffered.read(BLOCK_BYTES):
                yield block
            return
        unpacked = 0
        with gzip.GzipFile(fileobj=buffered) as text:
            while block := text.read(BLOCK_BYTES):
                unpacked += len(block)
                if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * _consumed(raw, buffered):
                    raise SourceError(
                        f"{self.file.name} unpacks to more than {BOMB_RATIO} times its size; "
                        "unpack it by hand if it is what it should be"
                    )
                yield block


def _consumed(raw: _HashedFile, buffered: Buffered) -> int:
    """How many bytes have left the buffer, too."""
    return raw.bytes_read - len(buffered.peek())
