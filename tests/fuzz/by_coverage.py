"""atheris turns the bytes of whole files until they reach new branches of the package.

Each input is read (a thousand a second); those that read well are collected and go through a whole
run together, some of those that are refused through one of their own. The first two bytes of an
input say what file it stands for (`file_of`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["data_pipeline"]):
    from data_pipeline import extract, plain, transform  # noqa: F401 (to be watched)
    from data_pipeline.sources import text  # noqa: F401

from tests.fuzz.judging import Loading, check_reading, folder
from tests.fuzz.seeds import FOUND, file_of

TOGETHER = 60
"""So many sound inputs share a run."""
REFUSED_EACH = 400
"""One of so many refused inputs has a run of its own."""


class Target:
    """What libFuzzer calls with each input."""

    def __init__(self, place: Path) -> None:
        self._raw = place / "raw"
        self._raw.mkdir()
        self._loading = Loading(place)
        self._sound: dict[str, bytes] = {}
        self._shapes: set[tuple[str, ...]] = set()
        self._refused = 0

    def __call__(self, data: bytes) -> None:
        if len(data) < 2:
            return
        table, body, block_bytes = file_of(data)
        outcome = check_reading(self._raw, f"{table}-fuzz.csv", body, block_bytes)
        if outcome is None:
            self._refused += 1
            if self._refused % REFUSED_EACH == 0:
                self._loading.check({f"{table}-fuzz.csv": body})
        elif (shape := tuple(outcome)) not in self._shapes:
            self._shapes.add(shape)
            self._sound[f"{table}-fuzz-{len(self._shapes)}.csv"] = body
            if len(self._sound) == TOGETHER:
                self._load_together()

    def _load_together(self) -> None:
        """All that was collected in one run; if that fails, one by one, to know which it was."""
        files, self._sound = self._sound, {}
        try:
            self._loading.check(files)
        except Exception:
            for name, body in files.items():
                try:
                    self._loading.check({name: body})
                except Exception:
                    (FOUND / name).write_bytes(body)
                    raise
            raise


if __name__ == "__main__":
    with folder() as here:
        atheris.Setup(sys.argv, Target(here))
        atheris.Fuzz()
