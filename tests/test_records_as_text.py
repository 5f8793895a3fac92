"""Records cut out of a block, and split whether few or many of them have quotes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from data_pipeline.extract import find_files, open_file
from data_pipeline.sources.header import Format
from data_pipeline.sources.letters import texts_between
from data_pipeline.sources.records import join_records
from data_pipeline.sources.splitting import MANY_QUOTED

if TYPE_CHECKING:
    from pathlib import Path

    from data_pipeline.sources.scan import Positions

ROWS = 300
HEADER = "customer_id,name,email,location"


@pytest.mark.parametrize("records", [[], [b"a"], [b"", "é,1".encode(), b"\xff\x00x", b"z" * 9]])
def test_texts_are_those_between_the_ends(records: list[bytes]) -> None:
    data = b"\n".join(records) + b"\n"
    lengths = np.array([len(record) for record in records], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    said = [record.decode("utf-8", "backslashreplace") for record in records]
    assert texts_between(data, ends - lengths, ends).to_pylist() == said


def lines_with_quotes(every: int) -> list[str]:
    names = [f'"Müller, ""{i}"""' if i % every == 0 else f"Name {i}" for i in range(1, ROWS + 1)]
    return [f"{i},{name},u{i}@example.com,City" for i, name in enumerate(names, 1)]


@pytest.mark.parametrize("every", [1, 3, ROWS])
def test_few_and_many_quotes_are_split_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    lines = [*lines_with_quotes(every), '7,"x"y,u@example.com,City', '8,"x",u@example.com']
    (tmp_path / "customers.csv").write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    lanes: list[int] = []

    def watched(data: bytes, starts: Positions, ends: Positions) -> bytes:
        lanes.append(len(starts))
        return join_records(data, starts, ends)

    monkeypatch.setattr("data_pipeline.sources.splitting.join_records", watched)
    opened = open_file(find_files(tmp_path)[0], Format())
    batches = [batch for records in opened.batches() for batch in records.rest().rows()]
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert len(lanes) == (1 if every < MANY_QUOTED else 2)
    assert opened.rows == ROWS + 2
    faults = {row["source_line"]: row["fault"] for row in rows if row["fault"]}
    assert faults == {ROWS + 2: "malformed_quote", ROWS + 3: "too_few_fields"}
    names = HEADER.split(",")
    read = {row["source_line"]: [row[name] for name in names] for row in rows if not row["fault"]}
    assert [read[line] for line in range(2, ROWS + 2)] == list(csv.reader(lines[:ROWS]))
