"""Where a store stands: enough to go on with the next day, and no more.

`store_state.json` holds the dials, the day and the next number; `store_state.parquet` what is
under way: returns, late sales, corrections and moves to come, and on which line each product
stands.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.errors import ConfigError
from data_pipeline.simulator.parameters import Category, Parameters
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.sales import Lines

STATE_FILE = "store_state.json"
PENDING_FILE = "store_state.parquet"
VERSION = 1

SCHEMA = pa.schema(
    [("what", pa.string()), ("due", pa.int64()), ("id", pa.int64()), ("file", pa.string())]
    + [("line", pa.int64())]
    + [(f.name, pa.int64()) for f in fields(Lines)]
)


KINDS = ("correction", "late", "move", "orphan", "product", "return")
"""What can be under way."""


@dataclass(frozen=True)
class State:
    """A store after its last simulated day."""

    parameters: Parameters
    file_format: str
    next_day: int
    next_id: int
    files: tuple[str, ...]
    loaded: dict[str, int]
    """How many rows each table has when a perfect pipeline has loaded all files."""

    def write(self, out: Path) -> None:
        """Save it in the store's directory."""
        saved = asdict(self) | {"version": VERSION}
        saved["parameters"]["end"] = self.parameters.end.isoformat()
        part = out / f".{STATE_FILE}.part"
        part.write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(out / STATE_FILE)

    @classmethod
    def read(cls, out: Path) -> State:
        """Return the state of the store in that directory, or raise ConfigError."""
        path = out / STATE_FILE
        if not path.is_file():
            raise ConfigError(
                f"{path} is not there, so no store can go on; make one first: "
                f"sales simulate --out {out}"
            )
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved.pop("version") != VERSION:
                raise ConfigError(f"{path} is of another version; simulate the store again")
            return cls(
                _parameters(saved["parameters"]),
                saved["file_format"],
                saved["next_day"],
                saved["next_id"],
                tuple(saved["files"]),
                saved["loaded"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path} is not a store's state: {error}") from error


def _parameters(saved: dict[str, Any]) -> Parameters:
    known = {f.name for f in fields(Parameters)}
    dials: dict[str, Any] = {
        name: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if isinstance(value, list)
        else value
        for name, value in saved.items()
        if name in known
    }
    dials["categories"] = tuple(Category(**c) for c in saved["categories"])
    dials["end"] = date.fromisoformat(saved["end"])
    return Parameters(**dials)


@dataclass(frozen=True)
class Pending:
    """What is under way, a row each; only the columns that it needs say something."""

    due: Ints
    id: Ints
    line: Ints
    file: pa.Array
    lines: Lines

    def __len__(self) -> int:
        return len(self.due)

    def take(self, mask: Ints) -> Pending:
        """Return those rows."""
        index = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask
        return Pending(
            self.due[index],
            self.id[index],
            self.line[index],
            self.file.take(pa.array(index)),
            self.lines.take(index),
        )

    def split(self, day: int) -> tuple[Pending, Pending]:
        """Return what is due on that day, and the rest."""
        return self.take(self.due == day), self.take(self.due != day)

    def on(self, file: str, first_line: int) -> Pending:
        """Return it with its lines, which counted from 0, as those of a file."""
        return replace(
            self,
            file=pa.repeat(pa.scalar(file), len(self)),
            line=self.line + first_line,
        )


def no_lines(n: int = 0) -> Lines:
    """Return `n` sales of nothing."""
    zeros = np.zeros(n, np.int64)
    return Lines(zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros.astype(np.int8))


def pending(
    due: Ints, ids: Ints | None = None, line: Ints | None = None, lines: Lines | None = None
) -> Pending:
    """Return rows that are under way, without a file."""
    n = len(due)
    zeros = np.zeros(n, np.int64)
    return Pending(
        due.astype(np.int64),
        zeros if ids is None else ids,
        zeros if line is None else line,
        pa.repeat(pa.scalar(""), n),
        no_lines(n) if lines is None else lines,
    )


def gathered(parts: list[Pending]) -> Pending:
    """Return all parts behind each other."""
    if not parts:
        return pending(np.zeros(0, np.int64))
    return Pending(
        np.concatenate([p.due for p in parts]),
        np.concatenate([p.id for p in parts]),
        np.concatenate([p.line for p in parts]),
        pa.concat_arrays([p.file for p in parts]),
        Lines.join([p.lines for p in parts]),
    )


def write_pending(out: Path, under_way: dict[str, Pending]) -> None:
    """Save what is under way, in an order that does not depend on how it came about."""
    tables = []
    for what in sorted(under_way):
        rows = under_way[what]
        sold = rows.lines
        order = (sold.quantity, sold.product, sold.order, sold.second, rows.id, rows.due)
        rows = rows.take(np.lexsort(order))
        columns = [
            pa.repeat(pa.scalar(what), len(rows)), pa.array(rows.due), pa.array(rows.id),
            rows.file, pa.array(rows.line),
        ]  # fmt: skip
        columns += [
            pa.array(np.asarray(getattr(rows.lines, f.name), np.int64)) for f in fields(Lines)
        ]
        tables.append(pa.table(columns, schema=SCHEMA))
    part = out / f".{PENDING_FILE}.part"
    pq.write_table(pa.concat_tables(tables), part, compression="zstd")
    part.replace(out / PENDING_FILE)


def read_pending(out: Path) -> dict[str, Pending]:
    """Return what is under way in the store of that directory."""
    path = out / PENDING_FILE
    if not path.is_file():
        raise ConfigError(f"{path} is gone, so the store cannot go on; simulate it again")
    table = pq.read_table(path)
    found = {}
    what = table["what"].to_numpy(zero_copy_only=False)
    columns = {n: table[n].to_numpy() for n in SCHEMA.names if n not in ("what", "file")}
    columns["channel"] = columns["channel"].astype(np.int8)
    files = table["file"].combine_chunks()
    for name in KINDS:
        index = np.flatnonzero(what == name)
        found[name] = Pending(
            columns["due"][index],
            columns["id"][index],
            columns["line"][index],
            files.take(pa.array(index)),
            Lines(*(columns[f.name][index] for f in fields(Lines))),
        )
    return found
