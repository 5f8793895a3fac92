"""Hypothesis makes whole files, some at a time, and the whole pipeline runs on them."""

from __future__ import annotations

import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.judging import Loading, folder
from tests.hostile.variant import HEADERS

MARKS = (b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")
TOKENS = st.sampled_from(
    [
        b'"', b'""', b'",', b',"', b",", b";", b"\t", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3\xa9",
        b"\xef\xbb\xbf", b" ", b"1", b"2", b"-1", b"1,1,1,1,5,2025-03-04", b",Ann,a@b.example,Rome\n", b"$1,234.5",
        b",Mug,Kitchen,2.50\n", b"1.5", b"1e3", b"2025-03-04T10:20:30+01:00", b"9999999999999999999", b"NULL", b"-",
    ]
)  # fmt: skip
PIECES = st.one_of(
    st.lists(TOKENS, max_size=30).map(b"".join),
    st.binary(max_size=80),
    st.text(max_size=40).map(str.encode),
)


@st.composite
def whole_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A name's beginning, and bytes; mostly behind a header that fits."""
    table = draw(st.sampled_from(sorted(HEADERS)))
    head = ",".join(HEADERS[table]).encode() + draw(st.sampled_from([b"\n", b"\r\n", b",x\n"]))
    body = b"".join(draw(st.lists(PIECES, max_size=4)))
    mark = draw(st.sampled_from(MARKS)) if draw(st.integers(0, 9)) == 0 else b""
    return table, mark + (head if draw(st.integers(0, 19)) else b"") + body


def run(seconds: float, first_seed: int) -> int:
    """Try examples until the time is over; give back how many files there were. Hypothesis
    raises what it finds, with the smallest files that show it.
    """
    tried = 0
    deadline = time.monotonic() + seconds
    with folder() as place:
        loading = Loading(place)

        @settings(
            max_examples=20,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(whole_files(), min_size=1, max_size=6))
        def any_files(files: list[tuple[str, bytes]]) -> None:
            nonlocal tried
            if not tried or time.monotonic() < deadline:
                tried += len(files)
                loading.check({f"{table}-{n}.csv": data for n, (table, data) in enumerate(files)})

        while not tried or time.monotonic() < deadline:
            seed(first_seed)(any_files)()
            first_seed += 1
    return tried


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1]), int(sys.argv[2]))} files by examples")
