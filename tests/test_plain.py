"""The quick lane takes only what the contract lane would load unrepaired, and reads it alike."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_pipeline import transform
from data_pipeline.contract import TABLES, Table
from data_pipeline.extract import Records, find_files, open_file
from data_pipeline.judge import judge_rows
from data_pipeline.plain import PLAIN_PRICE, PLAIN_UNITS, QuickLane
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.parquet import DELIMITER, ParquetRecords
from data_pipeline.sources.records import find_records
from data_pipeline.sources.splitting import Splitter
from data_pipeline.sources.text import TextRecords
from tests.shop import Shop

UTC = Format(timezone="UTC")
LATEST = datetime(2026, 1, 2)
NUMBERS = [
    *(
        "1",
        "0",
        "-1",
        "+1",
        "007",
        "5.0",
        "5.00",
        "5.",
        ".5",
        "1.2345",
        "1.23456",
        "1.20000",
        "1e2",
    ),
    *(
        "1_0",
        "0x1f",
        "1,234.50",
        "12,34",
        "$5",
        "-",
        "--1",
        "1-1",
        "1.2.3",
        "..",
        ".",
        "",
        " 1",
        "1 ",
    ),
    *("NULL", "nan", "inf", "٣", "1\u00a0", "9223372036854775807", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "99999999", "99999999.9999", "100000000"),
    *(
        "999999",
        "1000000",
        "1000001",
        "-999999",
        "-1000000",
        "12345678901234",
        "99999999999999.9999",
    ),
]
TIMES = [
    *("2024-02-29", "2023-02-29", "2024-02-30", "2024-13-01", "2024-00-10", "2024-01-00"),
    *("2024-01-01 00:00", "2024-01-01T23:59:59", "2024-01-01 24:00:00", "2024-01-01 10:60:00"),
    *("2024-01-01 10:00:60", "2024-01-01 10:00:00.5", "2024-01-01 10:00:00.123456"),
    *("2024-01-01 10:00:00.1234567", "2024-01-01T10:00:00Z", "2024-01-01 10:00Z", "2024-01-01Z"),
    *("2024-01-01 10:00:00.25Z", "2024-01-01 10:00:00.", "2024-01-01 10:00:00z", "2024-01-01T10"),
    *("2024-01-01 10:00:00+02:00", "1969-12-31 23:59:59", "1970-01-01", "0000-01-01", "0001-01-01"),
    *("9999-12-31 23:59:59", "2026-01-01 23:59:59", "2026-01-02", "2026-01-02 00:00:00.000001"),
    *("2024/01/01", "01-01-2024", "now", "", "NULL", " 2024-01-01", "2024-01-01 ", "2024-1-1"),
]
TEXTS = [
    *(
        "Ada",
        "",
        " ",
        " Ada",
        "Ada\t",
        "\u00a0Ada",
        "Ada\u3000",
        "\ufeffAda",
        "東京",
        "é",
        "Ä",
        "-",
    ),
    *(
        "NULL",
        "null",
        "N/A",
        "NA",
        "None",
        "nan",
        "NAN",
        "a@b.co",
        "A@b.co",
        "a@b",
        "@b.co",
        "ä@b.co",
    ),
    *("a@b..co", "a b@c.de", "a@b.co ", "a@b.c\u00f6", "ſ@b.co"),
]


def rows_of(table: Table) -> st.SearchStrategy[list[list[str]]]:
    """Rows in which most values are good, so that whole rows are taken."""

    def values(name: str) -> st.SearchStrategy[str]:
        times = name in ("timestamp", "registered_at", "updated_at")
        nasty = st.sampled_from(TIMES if times else [*NUMBERS, *TEXTS])
        good = "2025-05-05 05:05:05" if times else "a@b.co" if name == "email" else "5"
        return st.one_of(st.just(good), st.just(good), st.just(good), nasty)

    row = st.tuples(*(values(c.name) for c in table.raw_columns)).map(list)
    return st.lists(row, min_size=1, max_size=40)


@pytest.mark.parametrize("name", TABLES)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_the_two_lanes_agree(name: str, data: st.DataObject) -> None:
    assert_lanes_agree(TABLES[name], data.draw(rows_of(TABLES[name])))


@pytest.mark.parametrize("name", TABLES)
def test_the_two_lanes_agree_on_every_nasty_value(name: str) -> None:
    """Each value of the pools, in each column of a row that is good otherwise."""
    table = TABLES[name]
    good = dict.fromkeys((c.name for c in table.raw_columns), "5")
    good |= {n: "2025-05-05" for n in ("timestamp", "updated_at", "registered_at") if n in good}
    good |= {n: "a@b.co" for n in ("email",) if n in good} | {
        n: "" for n in ("birth_year",) if n in good
    }
    rows = [
        [*{**good, c.name: value}.values()]
        for c in table.raw_columns
        for value in (*NUMBERS, *TIMES, *TEXTS)
    ]
    assert assert_lanes_agree(table, rows) > len(rows) // 12


def assert_lanes_agree(table: Table, rows: list[list[str]]) -> int:
    """Take the rows as lines of CSV and as a Parquet file's; say how many were plain."""
    header = [c.name for c in table.raw_columns]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    lines = text_records(text.getvalue().encode(), len(header))
    columns = [pa.array(list(column), pa.string()) for column in zip(*rows, strict=True)]
    numbered = [pa.array(range(1, len(rows) + 1), pa.int64()), pa.nulls(len(rows), pa.string())]
    batch = pa.RecordBatch.from_arrays([*columns, *numbered], [*header, "source_line", "fault"])
    plain = take_all(table, lines, ",")
    assert take_all(table, ParquetRecords("sales.parquet", 1, batch), DELIMITER) == plain
    judged = judge(table, batch, LATEST)
    for row in plain:
        verdict = judged[row["source_line"]]
        assert verdict["reason"] is None, row
        assert verdict["repairs"] is None, row
        assert {n: verdict[n] for n in header} == {n: row[n] for n in header}
        if table.name == "sales":
            assert row["total_sales"] == row["quantity"] * row["price"]
            assert abs(row["quantity"]) <= PLAIN_UNITS
            assert row["price"] <= PLAIN_PRICE
    return len(plain)


def take_all(table: Table, records: Records, delimiter: str) -> list[dict[str, Any]]:
    """The rows that are taken; together with the rest they are all rows, in order."""
    lane = QuickLane(table, [c.name for c in table.raw_columns], delimiter, LATEST)
    typed, rest = lane.take(records)
    lines = typed.column("source_line").to_pylist()
    assert lines == sorted(lines)
    assert sorted([*lines, *rest.lines.tolist()]) == records.begins.tolist()
    rows: list[dict[str, Any]] = typed.to_pylist()
    return rows


def text_records(data: bytes, fields: int) -> TextRecords:
    names = tuple(f"c{i}" for i in range(fields))
    splitter = Splitter("some.csv", ",", Header(names, {n: i for i, n in enumerate(names)}, ()))
    return TextRecords(splitter, data, 1, find_records(data, ",", fields, final=True))


def judge(table: Table, batch: pa.RecordBatch, latest: datetime) -> dict[int, dict[str, Any]]:
    columns = {n: batch.column(n) for n in batch.schema.names}
    columns["raw"] = columns["source_file"] = pa.array(["f"] * batch.num_rows)
    columns["latest"] = pa.array([latest] * batch.num_rows, pa.timestamp("us"))
    raw_rows = pa.table(columns)
    with duckdb.connect() as connection:
        connection.register("raw_rows", raw_rows)
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(judge_rows(table, UTC, "raw_rows", masked=False))
        assert found.description
        names = [d[0] for d in found.description]
        return {
            r["source_line"]: r
            for r in (dict(zip(names, v, strict=True)) for v in found.fetchall())
        }


@example(rows=["1,1,1,1,5,2025-01-01", "2,1,1,1,$5,2025-01-01", '3,1,1,1,"5",2025-01-01', "4,,,"])
@settings(deadline=None, max_examples=5)
@given(rows=st.lists(st.sampled_from(["7,1,1,1,5,2025-01-01", "x,1,1,1,5,2025-01-01", '"8,1,1'])))
def test_a_row_put_aside_has_the_text_that_it_has_when_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    raw = tmp_path_factory.mktemp("raw")
    head = "transaction_id,customer_id,product_id,quantity,price,timestamp"
    (raw / "sales.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    opened = open_file(find_files(raw)[0], UTC)
    read = [batch for records in opened.batches() for batch in records.rest().rows()]
    texts = [text for batch in read for text in batch.column("raw").to_pylist()]
    assert sorted(texts) == sorted(rows)


@pytest.mark.parametrize("room", [0, 1 << 30], ids=["read again", "kept"])
def test_what_is_left_may_be_kept_or_read_again(
    store: Shop, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(transform, "KEPT_BYTES", room)
    lines = ["20,1,1,1,$5,2025-03-04", "21,1,1,x,5,2025-03-04", '22,1,1,2,"5",2025-03-04']
    text = Path(store.put({}).raw / "sales.csv").read_text(encoding="utf-8").splitlines()[0]
    store.put({"sales-2.csv": "\n".join([text, *lines]).encode()}).run()
    found = "SELECT transaction_id, repairs FROM sales WHERE source_file = 'sales-2.csv' ORDER BY 1"
    assert store.rows(found) == [(20, "currency_price"), (22, None)]
    assert store.rows("SELECT raw FROM quarantine WHERE source_file = 'sales-2.csv'") == [
        (lines[1],)
    ]
