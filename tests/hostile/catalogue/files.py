"""What can lie in the raw directory under the name of a file of sales, and is none."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.rawfiles import SALES, STORE

LINES = SALES.encode() + b"".join(b"%d,1,1,1,5,2025-03-04\n" % n for n in range(10, 3000))
PACKED = gzip.compress(LINES, mtime=0)
LARGE = SALES.encode() + b"".join(b"%d,1,1,1,5,2025-03-04\n" % n for n in range(10, 500_000))
"""Of more than one block."""

Make = Callable[[Path], None]


@dataclass(frozen=True)
class Special:
    """What is made at `name`, what is done to it while it is read, and words of the refusal."""

    make: Make
    says: str
    name: str = "sales-2.csv"
    meanwhile: str = ""


def holding(data: bytes) -> Make:
    """A regular file of these bytes."""

    def make(path: Path) -> None:
        path.write_bytes(data)

    return make


def linked(target: str) -> Make:
    return lambda path: path.symlink_to(target)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # its path may be longer than a socket's can be
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def a_ring(path: Path) -> None:
    path.symlink_to("ring")
    path.with_name("ring").symlink_to(path.name)


def a_bomb(path: Path) -> None:
    """A gigabyte of zeros in a megabyte, a member after the other."""
    member = gzip.compress(bytes(64 << 20), mtime=0)
    path.write_bytes(gzip.compress(SALES.encode()) + member * 16)


def a_bomb_of_lines(path: Path) -> None:
    """The same with records: 25 million of them."""
    member = gzip.compress(b"7,1,1,1,5,2025-03-04\n" * 1_600_000, mtime=0)
    path.write_bytes(gzip.compress(SALES.encode()) + member * 16)


def lying(data: bytes, crc: int = 0, size: int = 0) -> bytes:
    """A gzip whose last bytes say something else than what is in it."""
    packed = gzip.compress(data, mtime=0)
    true = zlib.crc32(data), len(data)
    return packed[:-8] + struct.pack("<II", true[0] ^ crc, true[1] + size)


SPECIALS: dict[str, Special] = {
    "a directory": Special(Path.mkdir, "is a directory"),
    "a directory called like a gzip": Special(Path.mkdir, "is a directory", "sales.csv.gz"),
    "a FIFO": Special(os.mkfifo, "not a regular file"),
    "a socket": Special(a_socket, "not a regular file"),
    "a link to itself": Special(linked("sales-2.csv"), "Too many levels of symbolic links"),
    "a ring of links": Special(a_ring, "Too many levels of symbolic links"),
    "a link to nothing": Special(linked("nowhere.csv"), "No such file"),
    "a link to a directory": Special(linked(".."), "is a directory"),
    "a link to endless zeros": Special(linked("/dev/zero"), "not a regular file"),
    "a link to a terminal": Special(linked("/dev/tty"), "not a regular file"),
    "a link to nothing to read": Special(linked("/dev/null"), "not a regular file"),
    "a link to what cannot be read": Special(linked("/proc/self/mem"), "cannot read"),
    "a link through a file": Special(linked("sales.csv/x"), "Not a directory"),
    "a link of 5,000 letters": Special(linked("x/" * 2000 + "y"), "cannot read"),
    "a file nobody may read": Special(holding(LINES), "Permission denied", meanwhile="forbid"),
    "a file that goes away": Special(holding(LINES), "No such file", meanwhile="remove"),
    "a file that grows": Special(holding(LARGE), "changed while it was read", meanwhile="grow"),
    "a file that is replaced": Special(holding(LARGE), "sales-2.csv", meanwhile="replace"),
    "a file that is rewritten": Special(
        holding(LARGE), "changed while it was read", meanwhile="rewrite"
    ),
    "a file that is cut": Special(holding(LARGE), "changed while it was read", meanwhile="cut"),
    "a small file that grows": Special(holding(LINES), "changed while", meanwhile="grow"),
    "a gzip that grows": Special(holding(PACKED), "sales-2.csv", meanwhile="grow"),
    "an empty file": Special(holding(b""), "empty"),
    "an empty gzip": Special(holding(gzip.compress(b"")), "empty"),
    "a gzip cut in its head": Special(holding(PACKED[:7]), "cut or damaged"),
    "a gzip cut in the middle": Special(holding(PACKED[: len(PACKED) // 2]), "cut or damaged"),
    "a gzip cut in its last bytes": Special(holding(PACKED[:-4]), "cut or damaged"),
    "a gzip with a wrong checksum": Special(holding(lying(LINES, crc=1)), "cut or damaged"),
    "a gzip with a wrong size": Special(holding(lying(LINES, size=1)), "cut or damaged"),
    "a gzip with a bit turned": Special(
        holding(PACKED[:300] + bytes([PACKED[300] ^ 8]) + PACKED[301:]), "cut or damaged"
    ),
    "a gzip and rubbish": Special(holding(PACKED + b"rubbish"), "cut or damaged"),
    "a gzip and half of another": Special(holding(PACKED + PACKED[:200]), "cut or damaged"),
    "a gzip of another method": Special(holding(b"\x1f\x8b\x07" + PACKED[3:]), "cut or damaged"),
    "the first two bytes of a gzip": Special(holding(b"\x1f\x8b"), "cut or damaged"),
    "a gzip in a gzip": Special(holding(gzip.compress(PACKED)), "header"),
    "a gzip bomb of zeros": Special(a_bomb, "longer than"),
    "a gzip bomb of records": Special(a_bomb_of_lines, "times its size"),
    "an HTML page": Special(
        holding(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"), "an HTML page"
    ),
    "an HTML page without doctype": Special(
        holding(b"<html>\n<head><title>404</title></head></html>\n"), "an HTML page"
    ),
    "an HTML page in small letters": Special(holding(b"\n<!doctype html><p>x</p>\n"), "header"),
    "an answer in JSON": Special(holding(b'{"error": "not found"}\n'), "header"),
    "an answer in XML": Special(holding(b'<?xml version="1.0"?><Error/>\n'), "header"),
    "a Git LFS pointer": Special(
        holding(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "Git LFS"
    ),
    "a zip": Special(holding(b"PK\x03\x04" + bytes(200)), "ZIP"),
    "an SQLite database": Special(holding(b"SQLite format 3\0" + bytes(200)), "SQLite"),
    "a PDF": Special(holding(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "header"),
    "a picture": Special(holding(b"\x89PNG\r\n\x1a\n" + bytes(200)), "header"),
    "a program": Special(holding(b"\x7fELF" + bytes(5000)), "sales-2.csv"),
    "an Outlook message": Special(holding(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 64), "header"),
    "bzip2": Special(holding(b"BZh91AY&SY" + bytes(range(1, 200))), "sales-2.csv"),
    "zstandard": Special(holding(b"\x28\xb5\x2f\xfd" + bytes(range(1, 200))), "sales-2.csv"),
    "Parquet in name only": Special(holding(LINES), "Parquet", "sales-2.parquet"),
    "Parquet cut in the middle": Special(holding(b"PAR1" + bytes(500)), "Parquet"),
    "four bytes of Parquet": Special(holding(b"PAR1"), "Parquet"),
    "a Parquet that ends as one": Special(holding(b"PAR1" + b"\xff" * 64 + b"PAR1"), "Parquet"),
    "a JSON dump": Special(holding(b'[{"transaction_id": 1}]\n'), "header"),
    "a conflict of Git": Special(
        holding(b"<<<<<<< HEAD\n" + STORE["sales.csv"] + b"=======\n>>>>>>> x\n"), "header"
    ),
    "one line of 70 MB": Special(holding(LINES + b"x" * (70 << 20)), "longer than"),
    "a header of 70 MB": Special(holding(b"x," * (35 << 20)), "header"),
    "an open quote and 70 MB": Special(holding(b'"' + b"x" * (70 << 20)), "sales-2.csv"),
    "a name that is no UTF-8": Special(holding(LINES), "not UTF-8", "sales-\udcff.csv"),
}
