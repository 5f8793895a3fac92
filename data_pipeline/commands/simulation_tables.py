"""How the simulator's commands look on a terminal: tables and a progress bar."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_pipeline.grade import Grade
    from data_pipeline.simulator.certify import Fact
    from data_pipeline.simulator.outcome import Progress


def show_marks(marks: Grade) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "kind of defect", "planted", "right", "recall", "precision")
    for column in table.columns[2:]:
        column.justify = "right"
    for k in marks.kinds:
        table.add_row(
            k.source_table, k.kind, f"{k.planted:,}", f"{k.right:,}",
            f"{k.recall:.1%}", f"{k.precision:.1%}",
            style=None if k.right == k.planted and not k.wrongly else "bold red",
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(table)
    for name, (expected, found) in marks.rows.items():
        console.print(f"{name}: {found:,} rows; {expected:,} are right")
    console.print(
        f"money: {marks.amount_found:,} of {marks.amount_expected:,} on {marks.days:,} days, "
        f"{len(marks.wrong_days):,} days wrong; {marks.false_alarms:,} false alarms"
    )
    for example in marks.examples:
        console.print(f"  {example}", markup=False)
    console.print("all right" if marks.perfect else "marks were lost")


def show_facts(facts: tuple[Fact, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    words = {True: "holds", False: "FAILS", None: "too little to judge"}
    table = Table("", "fact", "measured", "accepted", "", "where the band comes from")
    for fact in facts:
        for index, part in enumerate(fact.parts):
            first = index == 0
            table.add_row(
                str(fact.number) if first else "",
                f"{fact.name}: {part.name}" if first else part.name,
                "–" if part.holds is None else f"{part.measured:.3g}",
                part.band,
                words[part.holds],
                fact.source if first else "",
                style="bold red" if part.holds is False else None,
            )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


class ProgressBar:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, silent: bool) -> None:
        self._shown = not silent and sys.stderr.isatty()
        self._bar: Any = None

    def __enter__(self) -> Progress | None:
        if not self._shown:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("simulating"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of about {task.total:,.0f} sales"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._bar.start()
        task = self._bar.add_task("sales", total=None)
        return lambda done, total: self._bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
