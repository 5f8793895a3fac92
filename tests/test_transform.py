"""What transform tells while it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.config import Settings
from data_pipeline.pipeline import run
from tests.rawfiles import STORE

if TYPE_CHECKING:
    from data_pipeline.sources.files import RawFile
    from tests.shop import Shop


def test_whoever_watches_is_told_of_every_batch_and_of_the_end(store: Shop) -> None:
    told: dict[str, list[int]] = {name: [] for name in STORE}

    def on_read(file: RawFile, read_bytes: int) -> None:
        told[file.name].append(read_bytes)

    run(Settings(raw=store.raw, warehouse=store.url, processed=None), on_read)
    sizes = {name: len(data) for name, data in STORE.items()}
    assert told == {name: [size, size] for name, size in sizes.items()}
