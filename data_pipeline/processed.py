"""data/processed: the loaded rows as files, complete or not there.

The files are written under other names inside the run's transaction and take their own names when
it is done, so a reader sees the old files or the new ones.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Self

from data_pipeline.contract import TABLES, Email, Table, Text
from data_pipeline.errors import WarehouseError
from data_pipeline.sql import quote
from data_pipeline.warehouses.base import Warehouse

FORMULA_SIGNS = "^[=+@\\t\\r\\n-]"
"""A spreadsheet may run a cell that begins so."""


def safe_cell(name: str) -> str:
    """SQL for a column of texts in which no cell is a formula for a spreadsheet."""
    column = quote(name)
    runs = f"REGEXP_MATCHES({column}, '{FORMULA_SIGNS}')"
    return f"CASE WHEN {runs} THEN '''' || {column} ELSE {column} END AS {column}"


class Processed:
    """The files transformed_<table>.<kind> of a run; as a context, it leaves none half done."""

    def __init__(self, folder: Path | None, kind: str, safe_csv: bool) -> None:
        self._kind = kind
        self._safe = safe_csv and kind == "csv"
        names = [f"transformed_{name}.{kind}" for name in TABLES]
        self.paths = () if folder is None or kind == "none" else tuple(folder / n for n in names)

    def missing(self) -> bool:
        """Whether one of the files is not there, or a run was killed before all had their names."""
        return not all(path.exists() and not _unfinished(path).exists() for path in self.paths)

    def write(self, warehouse: Warehouse) -> None:
        """Write the rows of the star, ordered by key, beside the old files."""
        for path, table in zip(self.paths, TABLES.values(), strict=False):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WarehouseError(f"cannot make {path.parent}: {error.strerror}") from None
            warehouse.export(self._select(table), _unfinished(path), self._kind)

    def show(self) -> None:
        """Give the new files their names."""
        for path in self.paths:
            _unfinished(path).replace(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for path in self.paths:
                with suppress(OSError):
                    _unfinished(path).unlink(missing_ok=True)

    def _select(self, table: Table) -> str:
        names = [self._cell(c.name, isinstance(c.type, Text | Email)) for c in table.columns]
        names += [self._cell("source_file", True), "source_line", "repairs"]
        return (
            f"SELECT {', '.join(names)} FROM {quote(table.name)} ORDER BY {quote(table.key.name)}"
        )

    def _cell(self, name: str, is_text: bool) -> str:
        return safe_cell(name) if self._safe and is_text else quote(name)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")
