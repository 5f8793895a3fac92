"""The compiled reader: which lines it takes, which it leaves, and what it does with its memory.

What the values mean is held against the contract lane in test_plain.py.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
        (b"\r,a\n1,b\n", [2], [1]),
        (b'"1,,a\n"1\n,"a",b"\n1,"a,\n', [], [1, 2, 3, 4]),
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


WIDE = Field(Kind.WHOLE, low=-(2**62), high=2**63 - 1, is_wide=True)
MONEY = Field(Kind.MONEY, low=5_000, high=10**16, is_wide=True)
TIME = Field(Kind.INSTANT, high=253_402_300_799_999_999, is_wide=True)
LATEST = 1_714_885_505_000_000  # 2024-05-05 05:05:05


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        *((NUMBER, text, int(text)) for text in ("0", "7", "-9", "-0", "1000", "0" * 18 + "3")),
        *((NUMBER, text, None) for text in ("-", "1-", "--1", "+1", "-10", "1001")),
        *((NUMBER, text, None) for text in ("1:", "/1", "1.", "x")),
        (NUMBER, "0" * 19 + "3", None),
        (NUMBER, "18446744073709551617", None),  # 1 in 64 bits
        (WIDE, "9223372036854775807", 2**63 - 1),
        (WIDE, "9223372036854775808", None),
        (WIDE, "-9999999999999999999", None),
        (WIDE, "-4611686018427387904", -(2**62)),
        (WIDE, "-4611686018427387905", None),
        (replace(NUMBER, nonzero=True), "0", None),
        (replace(NUMBER, nonzero=True), "-0", None),
        *((MONEY, text, units) for text, units in {
            "1": 10_000, "0.5": 5_000, "0.50": 5_000, "0.500": 5_000, "1.2345": 12_345,
            "12.34": 123_400, "007.125": 71_250, "1000000000000": 10**16,
        }.items()),
        *((MONEY, text, None) for text in (
            "", ".", "5.", ".5", "1.23456", "1.2.3", "-1", "+1", "1,5", "0.4999", "1e3", "1:",
            "1000000000000.0001", "00000000000001", "x", "1.x",
        )),
        *((TIME, text, micros(text)) for text in (
            "1970-01-01", "2024-02-29", "2000-02-29", "2023-12-31 23:59:59", "2024-03-01T00:00",
            "9999-12-31 23:59:59.999999", "2024-01-01 10:20:30.1", "2024-01-01 10:20:30.000001",
            "1999-04-30", "2001-10-31 05:06", "2100-03-01",
        )),
        (TIME, "2024-01-01 10:20Z", micros("2024-01-01 10:20")),
        (TIME, "2024-01-01T10:20:30.25Z", micros("2024-01-01 10:20:30.25")),
        *((TIME, text, None) for text in (
            "1969-12-31", "2023-02-29", "1900-02-29", "2100-02-29", "2024-04-31", "2024-13-01",
            "2024-00-01", "2024-01-00", "2024-01-32", "2024/01-01", "2024-01/01", "2024-1-01",
            "20x4-01-01", "202a-01-01", "2024-0a-01", "2024-01-0a", "2024-01-a1", "24-01-01",
            "2024-01-01Z", "2024-01-01 24:00", "2024-01-01 10:60", "2024-01-01 10:00:60",
            "2024-01-01 10", "2024-01-01 10.20", "2024-01-01t10:20", "2024-01-01 10:20:",
            "2024-01-01 10:20:30.", "2024-01-01 10:20:30.Z", "2024-01-01 10:20:30.1234567",
            "2024-01-01 10:20:30z", "2024-01-01 10:20:30ZZ", "2024-01-01 1:20", "2024-01-01 ",
            "2024-01-01x10:20", "2024-01-01 10:20:3", "2024-01-01 10:20:30+02:00",
        )),
        (replace(TIME, high=LATEST), "2024-05-05 05:05:05", LATEST),
        (replace(TIME, high=LATEST), "2024-05-05 05:05:05.000001", None),
    ],
)  # fmt: skip
def test_values_are_read_exactly_or_left(field: Field, text: str, value: int | None) -> None:
    """Bare and in quotes, at the end of a line and in it."""
    field = replace(field, empty=Empty.IS_DOUBTFUL)
    wanted = [value] * 2 if value is not None else []
    before = read(f'{text},1\n"{text}",1'.encode(), field, ANY)
    behind = read(f'1,{text}\n1,"{text}"\r\n'.encode(), ANY, field)
    assert [numbers(before.values[0]), numbers(behind.values[1])] == [wanted, wanted]


ADDRESS = Field(Kind.EMAIL, Empty.IS_DOUBTFUL)


@pytest.mark.parametrize(
    ("field", "text", "is_taken"),
    [
        *((NOTE, text, True) for text in (
            "a", "NULLS", "NUL", "NULl", "null", "x y", "a\u00a0b", "é", "東京", "\u00e0", "a\x01",
            "NULL x", "'", "\u00a1", "x NULL",
        )),
        *((NOTE, text, False) for text in (
            "NULL", " ", " a", "a ", "\u00a0", "\u00a0a", "a\u00a0", "é ", " é",
            "\u00a0é", "é\u00a0",
        )),
        *((ADDRESS, text, True) for text in ("a@b.b", "aa.a@bb.bb.b", "a.a@b.b")),
        *((ADDRESS, text, False) for text in (
            "a", "a@", "@b.b", "a@b", "a@b.", "a@.b", "a@b..b", "a@b.b@b", "b@b.b", "a@a.a", "a.a",
            "a@b.c", "c@b.b", "aa", "abb.b", "a@@b.b", "a@b.b.", "a.b.b", "@", "a@b.b,",
        )),
    ],
)  # fmt: skip
def test_texts_are_taken_as_they_are_or_left(field: Field, text: str, is_taken: bool) -> None:
    """A blank is U+0020 or U+00A0 here; addresses have a and . before the @, b behind it."""
    classes = NO_CLASSES.copy()
    classes[list(b"a.")], classes[ord("b")] = kernel.Letter.IN_LOCAL, kernel.Letter.IN_DOMAIN
    data = f'"{text}"\n'.encode() + (b"" if "," in text else f"{text}\n".encode())
    found = Kernel([field], ",", " \u00a0", classes).read(Lines(data, 1, data.count(b"\n")))
    assert texts(found.values[0]) == ([text] * data.count(b"\n") if is_taken else [])
    assert len(found.lines) + len(found.left) == data.count(b"\n")


def test_lines_count_from_the_first_one_of_the_file() -> None:
    found = read(b"1,a\nx,\n2,b\n", NUMBER, NOTE, first=7_000_000_000)
    assert found.lines.tolist() == [7_000_000_000, 7_000_000_002]
    assert found.left.tolist() == [7_000_000_001]


def test_lines_that_are_skipped_are_in_neither() -> None:
    found = read(b"1,a\n2,b\nx,c\n4,d\n", NUMBER, NOTE, skip=[1, 2])
    assert (found.lines.tolist(), found.left.tolist()) == ([1, 4], [])
    assert texts(found.values[1]) == ["a", "d"]


def test_a_line_that_is_left_leaves_no_letters_behind() -> None:
    found = read(b"a,1\nbcd,x\ne,2\nNULL,3\n,4\n", NOTE, NUMBER)
    assert texts(found.values[0]) == ["a", "e", None]
    assert numbers(found.values[1]) == [1, 2, 4]


def test_a_text_is_what_stands_between_its_quotes_or_up_to_the_line_end() -> None:
    found = read(b'1,",x"\n1,"a\rb"\r\n1,c d\r\n1,","\n1,""\n1,\r\n', NUMBER, NOTE)
    assert texts(found.values[1]) == [",x", "a\rb", "c d", ",", None, None]


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


def test_lines_too_short_to_be_rows_take_no_room_as_rows() -> None:
    """40 MB of line feeds, as an open quote may gather them, and every second line a letter."""
    fields = [replace(NUMBER, empty=Empty.IS_NULL), *([NOTE] * 9)]
    reader = Kernel(fields, ",", "", NO_CLASSES)
    data = b"\nx" * 20_000_000
    found = reader.read(Lines(data, 1, 20_000_001))
    assert len(found.left) == 20_000_000
    assert reader._memory.end < 1 << 30


def test_as_many_rows_as_bytes_allow() -> None:
    nulls = [replace(NUMBER, empty=Empty.IS_NULL), NOTE, NOTE]
    found = read(b",,\n" * 1000 + b",,", *nulls)
    assert len(found.lines) == 1001
    assert valid(found.values[0]) == valid(found.values[2]) == [False] * 1001


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
