"""Laws 1 to 3, for whatever Hypothesis can think of.

A run of the pipeline takes a tenth of a second, so the examples are few and each holds a lot:
many files, few keys, much that collides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_pipeline.errors import PipelineError
from tests.oracle import RefusedError
from tests.rawfiles import CUSTOMERS, PRODUCTS, SALES, STORE, to_csv
from tests.shop import Shop, assert_is_star, temporary_shop

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = st.sampled_from(["1", "2", "3", " 2", "03", "", "x", "-1"])
KNOWN = st.sampled_from(["1", "2", "3", "", "4"])
UPDATED = st.sampled_from(["", "2025-01-01", "2025-01-02", "2025-01-02T00:00Z", "soon"])
PRICE = st.sampled_from(["1", "1.0000", "$1", "2.50", "", "1e3", "99999999999999.9999"])
RECORDS = {
    "customers": st.tuples(
        KEY,
        st.sampled_from(["Ann", " Ann", "Bo", ""]),
        st.sampled_from(["a@b.c", "A@b.c", "no"]),
        st.sampled_from(["Rome", "NULL"]),
        UPDATED,
    ),
    "products": st.tuples(KEY, st.sampled_from(["Mug", "Pan"]), st.just("Kitchen"), PRICE, UPDATED),
    "sales": st.tuples(
        KEY,
        KNOWN,
        KNOWN,
        st.sampled_from(["1", "1.0", "2", "-1", "0", "3,000"]),
        PRICE,
        st.sampled_from(["2025-03-04", "2025-03-04 00:00:00", "2025-03-04T01:00+01:00", "now"]),
        UPDATED,
    ),
}
HEADERS = {
    "customers": [*CUSTOMERS.strip().split(","), "updated_at"],
    "products": [*PRODUCTS.strip().split(","), "updated_at"],
    "sales": [*SALES.strip().split(","), "updated_at"],
}
NAMES = ("", "-2", "-10", "-010", "_a", "-B", " c", "2", "02x")
"""Behind a table's name: files whose natural order is not that of their bytes."""


@st.composite
def shops(draw: st.DrawFn) -> dict[str, bytes]:
    """Raw files of all three tables, whose records share few keys."""
    files: dict[str, bytes] = {}
    for table, record in RECORDS.items():
        endings = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        for ending in endings:
            records = draw(st.lists(record, max_size=6))
            files[f"{table}{ending}.csv"] = to_csv([HEADERS[table], *records])
    return files


@st.composite
def batches(draw: st.DrawFn, files: Sequence[str]) -> list[list[str]]:
    """The files' names in the order of their arrival; the first batch has every table."""
    order = draw(st.permutations(list(files)))
    first = [next(name for name in order if name.startswith(table)) for table in RECORDS]
    rest = [name for name in order if name not in first]
    cut = draw(st.integers(0, len(rest)))
    return [first, rest[:cut], rest[cut:]]


@given(st.data())
def test_any_order_of_arrival_gives_the_same_star(data: st.DataObject) -> None:
    files = data.draw(shops())
    arrivals = data.draw(batches(list(files)))
    with temporary_shop(files) as at_once, temporary_shop() as one_by_one:
        at_once.run()
        assert_is_star(at_once, at_once.star())
        for batch in arrivals:
            one_by_one.put({name: files[name] for name in batch}).run()
        assert one_by_one.dump() == at_once.dump()
        assert_is_star(one_by_one, at_once.star())
        one_by_one.run(full_refresh=True)
        assert one_by_one.dump() == at_once.dump()


@given(st.lists(RECORDS["sales"], min_size=1, max_size=12), st.data())
def test_any_split_over_files_gives_the_same_rows(
    records: list[tuple[str, ...]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    header = HEADERS["sales"]
    parts = {"sales-1.csv": records[:cut], "sales-2.csv": records[cut:]}
    split = STORE | {name: to_csv([header, *rows]) for name, rows in parts.items()}
    whole = STORE | {"sales-1.csv": to_csv([header, *records])}
    del split["sales.csv"], whole["sales.csv"]
    with temporary_shop(whole) as one, temporary_shop(split) as two:
        one.run()
        two.run()
        assert without_places(one, cut) == without_places(two, cut)


def without_places(shop: Shop, cut: int) -> list[object]:
    """Sales and quarantine, with the line that a record has in the unsplit file."""
    line = f"source_line + CASE WHEN source_file = 'sales-2.csv' THEN {cut} ELSE 0 END AS line"
    return [
        shop.rows(f"SELECT * EXCLUDE (source_file, source_line), {line} FROM sales ORDER BY ALL"),
        shop.rows(f"SELECT reason, raw, amount, {line} FROM quarantine ORDER BY ALL"),
    ]


@given(st.integers(1, 3), st.booleans())
@settings(max_examples=4)
def test_running_again_changes_nothing(times: int, full_refresh: bool) -> None:
    with temporary_shop(STORE) as shop:
        shop.run()
        before = shop.dump()
        for _ in range(times):
            shop.run(full_refresh=full_refresh)
        assert shop.dump() == before


FIELD = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xc3", b"1", b" ", b"a@b.c"]),
        max_size=8,
    ).map(b"".join),
)


@given(st.lists(st.tuples(st.integers(0, 5), FIELD), min_size=1, max_size=8), st.booleans())
@example([(0, b'"'), (1, b'",')], False)
@example([(3, b"\r\n\r")], True)
def test_any_bytes_in_a_field_keep_the_books_balanced(
    strange: list[tuple[int, bytes]], quoted: bool
) -> None:
    lines = [SALES.encode()]
    for number, (column, field) in enumerate(strange, 10):
        record = [str(number).encode(), b"1", b"2", b"1", b"2.50", b"2025-03-04"]
        record[column] = b'"' + field.replace(b'"', b'""') + b'"' if quoted else field
        lines += [b",".join(record) + b"\n", b"%d,1,1,1,1,2025-03-05\n" % (number + 100)]
    check_against_oracle({"sales-fuzz.csv": b"".join(lines)})


TOKEN = st.sampled_from(
    [
        b'"',
        b'""',
        b'",',
        b',"',
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"x",
        b"7,Pot,Kitchen,1\n",
        b'8,"Pot\nblue",Kitchen,1\n',
        b"9,Pot,",
        b"Kitchen,1",
    ]
)
BODY = st.lists(TOKEN, max_size=25).map(b"".join)


@given(st.lists(BODY, min_size=1, max_size=6))
def test_any_bytes_behind_a_header_cost_only_their_own_records(bodies: list[bytes]) -> None:
    check_against_oracle(
        {f"products-{n}.csv": PRODUCTS.encode() + body for n, body in enumerate(bodies)}
    )


@given(
    st.one_of(
        st.binary(max_size=60),
        BODY,
        st.tuples(st.sampled_from([b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b"]), BODY).map(b"".join),
    ),
    st.sampled_from([".csv", ".tsv", ".csv.gz"]),
)
@example(b"", ".csv")
def test_any_bytes_as_a_file_are_read_or_refused(data: bytes, extension: str) -> None:
    check_against_oracle({f"products-fuzz{extension}": data})


def check_against_oracle(files: dict[str, bytes]) -> None:
    """A shop with `files` is loaded as the oracle says, or refused with nothing loaded."""
    with temporary_shop(STORE | files) as shop:
        try:
            star = shop.star()
        except RefusedError:
            with pytest.raises(PipelineError):
                shop.run()
            assert shop.is_empty()
            return
        shop.run()
        assert_is_star(shop, star)
