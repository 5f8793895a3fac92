"""The brake: a run stops when so much of a file is bad that it cannot be what its name says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from data_pipeline.contract import TABLES, Instant, Money, Whole
from data_pipeline.engines import Engine
from data_pipeline.errors import ContractError
from data_pipeline.sources.header import Format
from data_pipeline.sources.landed import is_landed
from data_pipeline.sql import text
from data_pipeline.transform import CleanedFile

Shown = tuple[str, int, int, str]
"""A reason, how often it is there, and the line of its first row and what was wrong with it."""

MOST_REASONS = 3
MONTHS = 12

DAY = re.compile(r"(?:[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{4}|[0-9]{4}([./])[0-9]{1,2}\2[0-9]{1,2})")
CLOCKS = {"": "", " 00:00": " %H:%M", " 00:00:00": " %H:%M:%S"}
"""How people write days that are not ISO 8601, and a clock behind them."""


def brake(engine: Engine, file: CleanedFile, format_: Format, max_quarantine: float) -> None:
    """Raise ContractError when a larger share of a cleaned file's rows than `max_quarantine` is
    rejected; its message shows the first row of each reason, and how a file written in its own
    `format_` is declared.
    """
    if file.rejected <= max_quarantine * file.rows:
        return
    name, table = file.file.name, file.file.table
    shown = _first_rows(engine, name)
    lines = [
        f"{count:,} {reason}, the first in line {line}: {_on_one_line(detail)}"
        for reason, count, line, detail in shown
    ]
    declared = ", ".join(_how_to_declare(table, shown, format_))
    if declared and not is_landed(name):
        lines.append(
            f"how a file is written is declared under [tables.{table}] in pipeline.toml: {declared}"
        )
    lines.append("if the file is right as it is, run with --max-quarantine 1")
    listed = "".join(f"\n  {line}" for line in lines)
    raise ContractError(
        f"{name}: {file.rejected:,} of {file.rows:,} rows would be quarantined, more than "
        f"max_quarantine = {max_quarantine} allows, so nothing was loaded{listed}"
    )


def _first_rows(engine: Engine, name: str) -> list[Shown]:
    """The commonest reasons of a file."""
    rejected = f"FROM incoming_rejected WHERE source_file = {text(name)}"
    reasons = engine.rows(
        f"SELECT reason, COUNT(*), MIN(source_line) {rejected} GROUP BY reason "
        f"ORDER BY COUNT(*) DESC, reason LIMIT {MOST_REASONS}"
    )
    shown = []
    for reason, count, line in reasons:
        ((detail,),) = engine.rows(f"SELECT MIN(detail) {rejected} AND source_line = {line}")
        shown.append((reason, count, line, detail))
    return shown


def _on_one_line(detail: str) -> str:
    r"""The detail without line feeds: lines in an error are ours, whatever a value holds.

    >>> _on_one_line("quantity '5\n  forged' is not a number")
    "quantity '5\\n  forged' is not a number"
    """
    return detail.replace("\n", "\\n")


def _how_to_declare(table: str, shown: Sequence[Shown], format_: Format) -> Iterator[str]:
    """Examples of what may be declared, where it is not, so that such rows are read."""
    bad = [
        (column.type, value)
        for column in TABLES[table].raw_columns
        for _, _, _, detail in shown
        for value in re.findall(f"{column.name} '(.*?)' is not", detail)
    ]
    times = [value for type_, value in bad if isinstance(type_, Instant)]
    if format_.timestamp is None and times and (forms := _forms(times[0])):
        yield "timestamp = " + " or ".join(f'"{form}"' for form in forms)
    numbers = [value for type_, value in bad if isinstance(type_, Money | Whole)]
    if format_.decimal == "." and any("," in value for value in numbers):
        yield 'decimal = ","'
    if format_.encoding is None and any(reason == "bad_encoding" for reason, *_ in shown):
        yield 'encoding = "cp1252"'


def _forms(time: str) -> list[str]:
    """The forms that may be declared and that a time may be written in.

    >>> _forms("24.12.2025 10:30"), _forms("12/24/2025"), _forms("2025/12/24 1:30:00")
    (['%d.%m.%Y %H:%M'], ['%m/%d/%Y'], ['%Y/%m/%d %H:%M:%S'])
    >>> _forms("03-04-2025"), _forms("2025-12-24"), _forms("yesterday")
    (['%d-%m-%Y', '%m-%d-%Y'], [], [])
    """
    match = DAY.match(time)
    clock = CLOCKS.get(re.sub("[0-9]{1,2}", "00", time[match.end() :])) if match else None
    if match is None or clock is None:
        return []
    if sign := match[2]:
        return [f"%Y{sign}%m{sign}%d{clock}"]
    first, second, _ = match[0].split(sign := match[1])
    months = {f"%d{sign}%m": second, f"%m{sign}%d": first}
    return [f"{form}{sign}%Y{clock}" for form, month in months.items() if int(month) <= MONTHS]
