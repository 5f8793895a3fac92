"""The golden files: bytes in, records out."""

from __future__ import annotations

import ast
import codecs
import gzip
import re
from dataclasses import dataclass, field

from tests.golden import HERE

HEADER = b"product_id,name,category,price"


@dataclass
class Case:
    """A file of products, and what becomes of each of its records."""

    title: str
    storage: list[str]
    refused: bool
    text: bytes = b""
    good: dict[int, str] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        extension = next((s for s in self.storage if s.startswith(".")), ".csv")
        return "products-" + re.sub(r"\W+", "-", self.title.lower()) + extension

    @property
    def data(self) -> bytes:
        """The file as it is stored."""
        data = self.text
        for codec in ("utf-16-le", "utf-16-be"):
            if codec in self.storage:
                data = data.decode("utf-8").encode(codec)
        if "odd" in self.storage:
            data = data[:-1]
        if self.name.endswith(".gz") and "stored" not in self.storage:
            half = len(data) // 2 if "two-members" in self.storage else len(data)
            data = gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)
        if "cut" in self.storage:
            data = data[:-30]
        return data + b"rubbish" * ("rubbish" in self.storage)


def read_cases() -> list[Case]:
    """All cases, in the order of the file."""
    cases: list[Case] = []
    for line in (HERE / "structure.txt").read_text(encoding="utf-8").splitlines():
        head = re.fullmatch(r"(case|refused) (.+?)(?: \[(.+)\])?", line)
        if head:
            cases.append(Case(head[2], (head[3] or "").split(), head[1] == "refused"))
        elif line.startswith("| "):
            raw, _, verdict = line[2:].partition(" -> ")
            cases[-1].text += read_bytes(raw.rstrip(" ") if verdict else raw)
            note(cases[-1], verdict)
        elif line and not line.startswith("#"):
            raise ValueError(f"not a golden line: {line}")
    return cases


def note(case: Case, verdict: str) -> None:
    """`3 good 'Mug'` or `3 too_few_fields`."""
    if not verdict:
        return
    line, _, what = verdict.partition(" ")
    if what.startswith("good "):
        case.good[int(line)] = ast.literal_eval(what.removeprefix("good "))
    else:
        case.bad[int(line)] = what


def read_bytes(text: str) -> bytes:
    r"""The bytes of a physical line.

    >>> read_bytes("{H}\\xff\\r\\n")
    b'product_id,name,category,price\xff\r\n'
    """
    data = text.replace("{H}", HEADER.decode()).encode("utf-8")
    return codecs.escape_decode(data)[0]
