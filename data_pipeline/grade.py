"""Marks for a warehouse: what the pipeline made of each planted defect, against the answer key.

For each kind of defect: recall is the share of its records that were judged right, in verdict,
reason and value; precision is the share of records given one of its outcomes (a reason of
quarantine, a repair) that deserved it. Money and counts are compared for every day, exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_pipeline.contract import TABLES, Column, Default
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.ledger import mask_of_star
from data_pipeline.masking import Key, Mask, mask_value
from data_pipeline.simulator.answer_key import KEY_FILE, TOTALS_FILE
from data_pipeline.simulator.state import STATE_FILE
from data_pipeline.warehouses import Access, Warehouse, open_warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class KindMark:
    """The mark for one kind of defect in one table."""

    source_table: str
    kind: str
    planted: int
    right: int
    wrongly: int
    """Records that got an outcome of this kind and should not have."""

    @property
    def recall(self) -> float:
        return self.right / self.planted

    @property
    def precision(self) -> float:
        """1.0 where nothing was judged so."""
        judged = self.right + self.wrongly
        return self.right / judged if judged else 1.0


@dataclass(frozen=True)
class DayMark:
    """A day whose sales in the warehouse are not those of the key."""

    day: str
    sales_expected: int
    sales_found: int
    amount_expected: Decimal
    amount_found: Decimal


@dataclass(frozen=True)
class Grade:
    """All marks of a warehouse."""

    kinds: tuple[KindMark, ...]
    days: int
    wrong_days: tuple[DayMark, ...]
    rows: dict[str, tuple[int, int]]
    """Rows expected and found, by table."""
    amount_expected: Decimal
    amount_found: Decimal
    false_alarms: int
    """Records that nothing is wrong with, repaired or quarantined."""
    examples: tuple[str, ...]
    """Some records that were judged wrong, in words."""

    @property
    def perfect(self) -> bool:
        """Whether no mark was lost."""
        return (
            all(k.right == k.planted and k.wrongly == 0 for k in self.kinds)
            and not self.wrong_days
            and not self.false_alarms
            and all(expected == found for expected, found in self.rows.values())
        )


def grade(raw: Path, warehouse: str, key: Key | None = None) -> Grade:
    """Return the marks of a warehouse for the store in `raw`; changes neither.

    A warehouse whose personal data are masked is marked with the key that it was masked with.
    Raises ConfigError where `raw` has no answer key, WarehouseError where the warehouse cannot be
    read. All files of the store must have been loaded.
    """
    for name in (KEY_FILE, TOTALS_FILE, STATE_FILE):
        if not (raw / name).is_file():
            raise ConfigError(
                f"{raw / name} is not there, so there is nothing to mark against; "
                f"make a store with an answer key: sales simulate --out {raw}"
            )
    with _opened(warehouse, key) as (connection, mask):
        _prepare(connection, raw, mask)
        kinds = tuple(KindMark(*row) for row in _rows(connection, "kinds"))
        wrong_days = tuple(DayMark(str(d[0]), *d[1:]) for d in _rows(connection, "days"))
        days, expected, found = _rows(connection, "money")[0]
        alarms = _rows(connection, "false_alarms")[0][0]
        examples = tuple(row[0] for row in _rows(connection, "examples"))
        loaded = json.loads((raw / STATE_FILE).read_text(encoding="utf-8"))["loaded"]
        rows = {name: (int(loaded[name]), _count(connection, name)) for name in TABLES}
    return Grade(kinds, days, wrong_days, rows, expected, found, alarms, examples)


def as_dict(marks: Grade) -> dict[str, Any]:
    """Return the marks as JSON has them; money as text, so that none is lost."""
    kinds = [
        {
            "table": k.source_table,
            "kind": k.kind,
            "planted": k.planted,
            "right": k.right,
            "wrongly": k.wrongly,
            "recall": k.recall,
            "precision": k.precision,
        }
        for k in marks.kinds
    ]
    days = [
        {name: v if isinstance(v, int) else str(v) for name, v in asdict(day).items()}
        for day in marks.wrong_days
    ]
    return {
        "perfect": marks.perfect,
        "kinds": kinds,
        "days": marks.days,
        "wrong_days": days,
        "rows": {n: {"expected": e, "found": f} for n, (e, f) in marks.rows.items()},
        "amount_expected": str(marks.amount_expected),
        "amount_found": str(marks.amount_found),
        "false_alarms": marks.false_alarms,
        "examples": list(marks.examples),
    }


@contextmanager
def _opened(url: str, key: Key | None) -> Iterator[tuple[DuckDBPyConnection, Mask | None]]:
    with open_warehouse(url, Access(read_only=True)) as warehouse:
        if not warehouse.has_table("sales"):
            raise WarehouseError(f"{warehouse.url} is empty; load the store first: sales run")
        mask = _mask(warehouse, key)
        with warehouse.as_duckdb() as connection:
            yield connection, mask


def _mask(warehouse: Warehouse, key: Key | None) -> Mask | None:
    fingerprint = mask_of_star(warehouse)
    if fingerprint is None:
        return None
    mask = key.mask() if key else None
    if mask is None or mask.fingerprint != fingerprint:
        raise ConfigError(
            f"personal data in {warehouse.url} are masked; it is marked with the key that it was "
            f"masked with (fingerprint {fingerprint}) in SALES_PII_KEY or pii_key_file"
        )
    return mask


def _prepare(connection: DuckDBPyConnection, raw: Path, mask: Mask | None) -> None:
    """Make the key, the totals and the right values visible as temporary tables."""
    import duckdb

    connection.execute("SET TimeZone = 'UTC'")
    for name, file in (("answer_key", KEY_FILE), ("answer_totals", TOTALS_FILE)):
        read = f"CREATE TEMP TABLE {name} AS SELECT * FROM read_parquet(?)"
        connection.execute(read, [str(raw / file)])
    columns = connection.execute(
        'SELECT DISTINCT source_table, "column" FROM answer_key'
        " WHERE \"column\" IS NOT NULL AND verdict IN ('loaded', 'repaired')"
    ).fetchall()
    masked = mask is not None
    parts = [_right_values(t, TABLES[t].by_name[c], masked=masked) for t, c in sorted(columns)]
    none = "SELECT source_table, source_file, source_line FROM answer_key WHERE false"
    try:
        made = f"CREATE TEMP TABLE right_values AS {' UNION ALL '.join([*parts, none])}"
        values = {n: v for n, v in (mask.values if mask else {}).items() if f"${n}" in made}
        connection.execute(made, values)
        connection.execute(_sql("judged"))
    except duckdb.Error as error:
        raise WarehouseError(f"the warehouse cannot be graded: {error}") from error


def _right_values(table: str, column: Column, *, masked: bool) -> str:
    expected = f"CAST(k.value AS {column.type.sql})"
    if masked and column.personal:
        default = column.missing.value if isinstance(column.missing, Default) else None
        expected = (
            f"CASE WHEN k.value = '{default}' AND k.verdict = 'repaired' THEN k.value "
            f"ELSE {mask_value(column, 'k.value')} END"
        )
    return f"""
        SELECT k.source_table, k.source_file, k.source_line
        FROM answer_key AS k JOIN {table} AS t
          ON t.source_file = k.source_file AND t.source_line = k.source_line
        WHERE k.source_table = '{table}' AND k."column" = '{column.name}'
          AND {expected} IS NOT DISTINCT FROM t."{column.name}"
    """


def _sql(name: str) -> str:
    return files("data_pipeline").joinpath(f"sql/grade/{name}.sql").read_text(encoding="utf-8")


def _rows(connection: DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    return connection.execute(_sql(name)).fetchall()


def _count(connection: DuckDBPyConnection, table: str) -> int:
    key = TABLES[table].key.name
    found = connection.execute(f'SELECT count(*) FROM {table} WHERE "{key}" <> 0').fetchone()
    return int(found[0]) if found else 0
