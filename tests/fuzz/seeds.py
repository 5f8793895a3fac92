"""What atheris is given: the small variants of the catalogue and words of the format; and what file
its inputs stand for.
"""

from __future__ import annotations

from pathlib import Path

from tests.hostile.catalogue import catalogue
from tests.hostile.variant import HEADERS, TABLES

FOUND = Path(__file__).parent / "found"
"""Files that broke something once: the tests try them in every run."""

LARGEST, EACH = 600, 16
"""So long is a seed at most, and one of so many small variants is one."""
WORDS = (
    b'"', b'""', b'","', b",", b";", b"\t", b"\n", b"\r\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff",
    b"\x1f\x8b\x08", b"2025-03-04", b"T10:20:30", b".123456", b"+01:00", b"$", b"1,234.50", b"NULL", b"\xc2\xa0",
    b"\xe3\x80\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"99999999999999.9999", b"9223372036854775807", b"a@b.example",
)  # fmt: skip


BLOCKS = (1 << 16, 16, 64, 300)


def file_of(data: bytes) -> tuple[str, bytes, int]:
    """The table, the bytes of the file and the size of blocks that an input stands for."""
    kind, size, body = data[0], data[1], data[2:]
    table = TABLES[kind % 3]
    head = ",".join(HEADERS[table]).encode() + b"\n" if kind & 64 else b""
    return table, head + body, BLOCKS[size % len(BLOCKS)]


def write_seeds(corpus: Path) -> int:
    """Write the seeds as inputs of `by_coverage`; give back how many."""
    small = [
        (table, data)
        for variants in catalogue().values()
        for variant in variants
        for table, data in variant.files.items()
        if len(data) <= LARGEST
    ]
    for number, (table, data) in enumerate(small[::EACH]):
        kind = bytes([TABLES.index(table), number % 4])
        (corpus / f"seed-{number}").write_bytes(kind + data)
    return len(small[::EACH])


def write_dictionary(path: Path) -> None:
    """Write the words in libFuzzer's form."""
    names = [name.encode() for columns in HEADERS.values() for name in columns]
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in (*WORDS, *names))
    path.write_text("".join(f'"{word}"\n' for word in quoted))
