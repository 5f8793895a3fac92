"""The compiled reader: which lines it takes, which it leaves, and what it does with its memory.

What the values mean is held against the contract lane in test_plain.py.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_pipeline.sources import kernel
from data_pipeline.sources.kernel import Empty, Field, Kernel, Kind, Lines, Taken, Values
from tests.rawfiles import STORE, sales
from tests.source_rules import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.shop import Shop

NUMBER = Field(Kind.WHOLE, Empty.IS_DOUBTFUL, low=-9, high=1000, is_wide=True)
NOTE = Field(Kind.TEXT, Empty.IS_NULL, marks=("NULL",))
ANY = Field()
DAY = "2025-03-04"
NO_CLASSES = np.zeros(256, np.uint8)


def read(
    data: bytes, *fields: Field, first: int = 1, skip: Sequence[int] = (), delimiter: str = ","
) -> Taken:
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    skipped = np.isin(np.arange(count), skip) if skip else None
    return Kernel(fields, delimiter, " \u00a0", NO_CLASSES).read(Lines(data, first, count, skipped))


def texts(values: Values | None) -> list[str | None]:
    assert values is not None
    bounds, letters = values.numbers.tolist(), values.letters.tobytes()
    valid = [True] * (len(bounds) - 1) if values.valid is None else values.valid.tolist()
    return [
        letters[bounds[i] : bounds[i + 1]].decode() if there else None
        for i, there in enumerate(valid)
    ]


def numbers(values: Values | None) -> list[int]:
    assert values is not None
    return [int(number) for number in values.numbers]


def valid(values: Values | None) -> list[bool] | None:
    assert values is not None
    return None if values.valid is None else [bool(there) for there in values.valid]


@pytest.mark.parametrize(
    ("data", "taken", "left"),
    [
        (b"1,a\n2,b\n", [1, 2], []),
        (b"1,a\n2,b", [1, 2], []),
        (b"1,a\r\n2,b\r\n", [1, 2], []),
        (b"1,a\n\n\r\n2,b\n\n", [1, 4], []),
        (b"x,a\n2,b\n", [2], [1]),
        (b"1\n2,b\n1,a,c\n,\n", [2], [1, 3, 4]),
        (b"1,a\r2,b\n3,c\n", [2], [1]),
        (b"1,a\r", [1], []),  # the text ends with a line feed of ours
        (b'"1","a"\n2,"b,c"\n', [1, 2], []),
        (b'1,"a""b"\n2,"a\n3,b"\n4,"a"b\n5,a"b\n"6,a\n', [], [1, 2, 3, 4, 5, 6]),
        (b"\n", [], []),
        (b"1", [], [1]),
        (b",", [], [1]),
        (b"1,", [1], []),
        (b'1,""\n2,"\n', [1], [2]),
    ],
)
def test_lines_are_taken_or_left(data: bytes, taken: list[int], left: list[int]) -> None:
    found = read(data, NUMBER, NOTE)
    assert (found.lines.tolist(), found.left.tolist()) == (taken, left)


def test_lines_count_from_the_first_one_of_the_file() -> None:
    found = read(b"1,a\nx,\n2,b\n", NUMBER, NOTE, first=7_000_000_000)
    assert found.lines.tolist() == [7_000_000_000, 7_000_000_002]
    assert found.left.tolist() == [7_000_000_001]


def test_lines_that_are_skipped_are_in_neither() -> None:
    found = read(b"1,a\n2,b\nx,c\n4,d\n", NUMBER, NOTE, skip=[1, 2])
    assert (found.lines.tolist(), found.left.tolist()) == ([1, 4], [])
    assert texts(found.values[1]) == ["a", "d"]


def test_a_line_that_is_left_leaves_no_letters_behind() -> None:
    found = read(b"a,1\nbcd,x\n,2\nNULL,3\ne,4\n", NOTE, NUMBER)
    assert texts(found.values[0]) == ["a", None, "e"]
    assert numbers(found.values[1]) == [1, 2, 4]


def test_fields_that_nobody_wants_may_hold_anything_but_odd_quotes() -> None:
    found = read(b'\xff,1, NULL \n"x,y",2,\n"x""y",3,\n', ANY, NUMBER, ANY)
    assert (found.lines.tolist(), found.left.tolist()) == ([1, 2], [3])
    assert [found.values[0], found.values[2]] == [None, None]


def test_an_empty_field_is_null_or_its_fallback_or_left_alone() -> None:
    null = Field(Kind.WHOLE, Empty.IS_NULL, high=9)
    fallback = Field(Kind.WHOLE, Empty.IS_FALLBACK, high=9, fallback=-7)
    found = read(b'1,1,1\n,,1\n"","",1\n1,1,\n', null, fallback, NUMBER)
    assert (found.lines.tolist(), found.left.tolist()) == ([1, 2, 3], [4])
    assert valid(found.values[0]) == [True, False, False]
    assert valid(found.values[1]) is None
    assert numbers(found.values[1]) == [1, -7, -7]


def test_where_no_value_is_missing_nothing_says_so() -> None:
    (values,) = read(b"a\nb\n", NOTE).values
    assert valid(values) is None


def test_ten_thousand_fields() -> None:
    line = b",".join(b"%d" % n for n in range(10_000))
    fields = [ANY] * 9_999 + [Field(Kind.WHOLE, high=99_999)]
    assert numbers(read(line + b"\n", *fields).values[-1]) == [9_999]
    assert read(line + b"\n", *fields, ANY).left.tolist() == [1]


def test_a_kernel_reads_one_text_after_the_other() -> None:
    """What is read of one is not touched by the next, larger or smaller, nor seen in it."""
    reader = Kernel([NUMBER, NOTE], ";", "", NO_CLASSES)
    short, long = b"1;a\n", b"".join(b"%d;%s\n" % (n % 999, b"x" * 50) for n in range(100_000))
    found = [reader.read(Lines(text, 1, text.count(b"\n"))) for text in (short, long, short)]
    assert [texts(f.values[1]) for f in found] == [["a"], ["x" * 50] * 100_000, ["a"]]
    assert numbers(found[1].values[0]) == [n % 999 for n in range(100_000)]


@settings(deadline=None, max_examples=300)
@example(b"1970-01-01 00:00:0")
@example(b"\r")
@example(b'"')
@given(
    st.binary(min_size=1, max_size=60)
    | st.text("0129-:T .Z\"\r\n,'", min_size=1, max_size=60).map(str.encode)
)
def test_no_line_gets_lost_whatever_is_in_it(data: bytes) -> None:
    """Cut off anywhere, too: nothing looks beyond the end of the text."""
    kinds = [Field(kind, high=2**62, is_wide=kind < Kind.TEXT) for kind in Kind]
    lines = data.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    for fields in ([kind] for kind in kinds):
        found = read(data, *fields)
        blank = [n for n, line in enumerate(lines, 1) if line in (b"", b"\r")]
        assert sorted([*found.lines, *found.left, *blank]) == [*range(1, len(lines) + 1)]


def test_without_a_kernel_the_contract_lane_takes_all_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put(STORE | {"sales-2.csv": sales(f"20,1,1,2,5,{DAY}", f"21,1,1,x,5,{DAY}")})
    shop.run()
    before = shop.dump()
    monkeypatch.setattr(kernel, "BINARY", ROOT / "missing.wasm")
    kernel._module.cache_clear()
    kernel.unavailable.cache_clear()
    try:
        result = shop.run(full_refresh=True)
        assert "missing.wasm" in kernel.unavailable()
    finally:
        kernel._module.cache_clear()
        kernel.unavailable.cache_clear()
    assert [w for w in result.warnings if w.startswith("the quick lane does not run here (")]
    assert shop.dump() == before


def test_a_kernel_that_is_still_there_at_the_end_says_nothing() -> None:
    """What the runtime's objects would print when they die with the interpreter."""
    code = (
        "from data_pipeline.sources.kernel import *; import numpy as np;"
        "kept = Kernel([Field()], ',', '', np.zeros(256, np.uint8)); kept.me = kept"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_kernel_is_compiled_once() -> None:
    before: Any = kernel._module()
    read(b"1,a\n", NUMBER, NOTE)
    assert kernel._module() is before
