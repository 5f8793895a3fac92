"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data_pipeline.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

MOST_FILES = 40
"""With more files than this, the balance sheet shows a line a table."""


def print_table(table: Table) -> None:
    """Print a table, as wide as it is when this is no terminal; NO_COLOR is respected."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def text_table(title: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Make a table; numbers stand on the right, with groups of thousands."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    shown = [list(row) for row in rows]
    for i, name in enumerate(names):
        numbers = any(isinstance(row[i], int | Decimal) for row in shown)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(show(value)) for value in row))
    return table


def show(value: Any) -> str:
    """A value as people read it; control characters cannot act on the terminal."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return printable(str(value))


def balance_sheet(rows: Sequence[Sequence[Any]], title: str) -> Table:
    """Make the balance sheet. Rows: table, file, rows read, loaded, duplicate, quarantined,
    repaired, amount loaded, amount quarantined; a sum a table stands at its end.
    """
    names = (
        "table",
        "file",
        "read",
        "= loaded",
        "+ duplicates",
        "+ quarantined",
        "repaired",
        "amount loaded",
        "amount quarantined",
    )
    lines: list[Sequence[Any]] = []
    for table in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == table]
        money = table == "sales"
        if len(rows) <= MOST_FILES:
            lines += [(*row[:7], *(row[7:] if money else (None, None))) for row in own]
        if len(own) > 1 or len(rows) > MOST_FILES:
            sums = [sum(row[i] for row in own) for i in range(2, 7)]
            amounts = [sum((row[i] or 0 for row in own), Decimal(0)) for i in (7, 8)]
            lines.append(
                (table, f"all {len(own)} files", *sums, *(amounts if money else (None, None)))
            )
    return text_table(title, names, lines)
