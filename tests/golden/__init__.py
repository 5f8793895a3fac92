"""The golden pairs: nasty value in, verdict out; a table per kind of value."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
Value = int | Decimal | str | datetime | None


@dataclass(frozen=True)
class Pair:
    """One line of a golden table."""

    where: str
    table: str
    column: str
    raw: str
    repairs: tuple[str, ...]
    reason: str | None
    value: Value

    @property
    def inputs(self) -> dict[str, str]:
        """What stands in the raw file: one value, or the two factors of a product."""
        if self.column != "total_sales":
            return {self.column: self.raw}
        quantity, price = self.raw.split(" * ")
        return {"quantity": quantity, "price": price}


def read_pairs() -> list[Pair]:
    """All pairs, in the order of the files."""
    return [
        read_pair(f"{path.stem}:{number}", line)
        for path in sorted(HERE.glob("*.txt"))
        if path.stem in ("instants", "numbers", "texts")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line and not line.startswith("#")
    ]


def read_pair(where: str, line: str) -> Pair:
    """`table.column | raw value | verdict | value`: see the head of each table."""
    column, raw, verdict, *value = (cell.strip() for cell in line.split(" | "))
    kind, _, names = verdict.partition(":")
    if kind not in ("value", "null", "repaired", "quarantined") or len(value) > 1:
        raise ValueError(f"{where}: not a golden pair: {line}")
    table, _, column = column.partition(".")
    return Pair(
        where,
        table,
        column,
        raw=ast.literal_eval(raw),
        repairs=tuple(names.split("+")) if kind == "repaired" else (),
        reason=names if kind == "quarantined" else None,
        value=read_value(value[0]) if value else None,
    )


def read_value(text: str) -> Value:
    """A value as the tables write it: NULL, 'text', 42, 42.0000 or a moment."""
    if text == "NULL":
        return None
    if text.startswith(("'", '"')):
        return str(ast.literal_eval(text))
    if ":" in text:
        return datetime.fromisoformat(text)
    return Decimal(text) if "." in text else int(text)


def read_zones() -> list[tuple[str, str, str]]:
    """Zone, local time, and what it is in UTC or why it is nothing."""
    lines = (HERE / "zones.txt").read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(zone.strip(), raw.strip(), verdict.strip()) for zone, raw, verdict in cells]
