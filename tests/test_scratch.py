"""The scratch folder is somebody's, or it is not there."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline.engines import scratch
from data_pipeline.engines.scratch import ScratchEngine
from data_pipeline.signals import put_off

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("error", [duckdb.IOException("disk full"), KeyboardInterrupt()])
def test_a_folder_that_cannot_be_used_is_gone(
    place: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        assert len(list(place.iterdir())) == 1
        raise error

    monkeypatch.setattr(scratch, "connect", fail)
    with pytest.raises(type(error)):
        ScratchEngine("1GB", None)
    assert list(place.iterdir()) == []


def test_a_signal_waits_until_the_folder_has_an_owner(place: Path) -> None:
    owned: list[ScratchEngine] = []

    def make() -> None:
        with put_off():
            signal.raise_signal(signal.SIGINT)
            owned.append(ScratchEngine("1GB", None))

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            make()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with put_off():
            assert owned, "it came too early"
    finally:
        signal.signal(signal.SIGINT, handler)
    owned[0].close()
    assert list(place.iterdir()) == []
