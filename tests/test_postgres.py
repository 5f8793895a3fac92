"""A session whose connection breaks: the cause is told once, and what it fed ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pyarrow.csv as pa_csv
import pytest

from data_pipeline import postgres
from data_pipeline.errors import WarehouseError
from data_pipeline.postgres import Session
from tests.postgres import needed_url

END = "SELECT pg_terminate_backend(pg_backend_pid())"
LOST = r"connection.*(lost|broke)"


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(needed_url(), WarehouseError)
    yield session
    session.close()


def test_rows(session: Session) -> None:
    with pytest.raises(WarehouseError, match=LOST):
        session.rows(END)


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_a_reader_is_told_why_the_stream_ended(session: Session, rows: int) -> None:
    """And not what that made of the text that it was reading."""
    ends = "pg_terminate_backend(pg_backend_pid())"
    select = f"SELECT i FROM generate_series(1, {rows}) AS i WHERE i < {rows} OR {ends}"
    with pytest.raises(WarehouseError, match=LOST), session.copy_out(select, format="csv") as file:
        for _ in pa_csv.open_csv(file):
            pass


def test_a_reader_s_own_fault_is_its_own(session: Session) -> None:
    with pytest.raises(ValueError, match="mine"), session.copy_out("SELECT 1"):
        raise ValueError("mine")
    with (
        pytest.raises(ValueError, match="mine"),
        session.copy_out("SELECT generate_series(1, 1000000)"),
    ):
        raise ValueError("mine")
    assert session.rows("SELECT 1") == [(1,)]


def test_what_is_sent_ends_with_the_connection(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    session.rows("CREATE TEMP TABLE t (a text)")
    sent: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(100_000):
            if number == 10:
                watch.rows("SELECT pg_terminate_backend($1)", [pid])
            sent.append(number)
            yield b"abc\n"

    ((pid,),) = session.rows("SELECT pg_backend_pid()")
    watch = Session(needed_url(), WarehouseError)
    with caplog.at_level(logging.WARNING), pytest.raises(WarehouseError, match=LOST):
        session.copy_in("t", ["a"], chunks(), format="text")
    watch.close()
    assert len(sent) < 100_000
    assert caplog.records == []


def test_a_cancelled_stream_that_had_already_ended_is_not_waited_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server sends its only row and the end at once, when the reader has long gone."""
    monkeypatch.setattr(postgres, "UNREAD_BYTES", 0)
    monkeypatch.setattr(postgres, "CANCEL_S", 0.2)
    with (
        pytest.raises(ValueError, match="mine"),
        session.copy_out("SELECT 1 FROM pg_sleep(1)"),
    ):
        raise ValueError("mine")
    with pytest.raises(WarehouseError, match=LOST):
        session.rows("SELECT 1")
