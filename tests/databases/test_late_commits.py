"""No row is missed, in whatever order transactions commit; and few are read twice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.databases.base import Found, Mark, Moment
from data_pipeline.databases.postgresql import EPOCH, PostgreSQL
from data_pipeline.errors import ConfigError
from data_pipeline.landing import SourceTable, land
from data_pipeline.sources import watermark
from data_pipeline.sources.landed import landed_files
from tests.databases.servers import ShopDatabase, sale

if TYPE_CHECKING:
    from collections.abc import Sequence

WAYS: dict[str, dict[str, Any]] = {
    "as it is by default": {},
    "by updated_at": {"watermark": "updated_at"},
    "by key": {"watermark": "transaction_id", "overlap": 10},
    "by query": {"name": "", "query": "SELECT * FROM sales"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def landing_of(database: ShopDatabase, **told: Any) -> list[int]:
    """Land sales, and return the keys that landed."""
    table = SourceTable("sales", database.url, **{"name": "sales", **told})
    keys = []
    for name in land([table], Path("raw")):
        lines = Path("raw", name).read_bytes().splitlines()[1:]
        keys += [int(line.partition(b",")[0]) for line in lines]
    return sorted(keys)


@pytest.mark.parametrize("way", WAYS)
def test_transactions_that_commit_out_of_order(database: ShopDatabase, way: str) -> None:
    commit_out_of_order(database, WAYS[way])


def test_the_age_of_open_transactions_is_known(mysql: ShopDatabase) -> None:
    """The server tells it, so that here not even an overlap is needed."""
    commit_out_of_order(mysql, {"watermark": "updated_at", "overlap": 0})


def commit_out_of_order(database: ShopDatabase, told: dict[str, Any]) -> None:
    database.fill()
    with database.open() as early, database.open() as late:
        early.run(["BEGIN", sale(11, updated=now(early))])
        late.run(["BEGIN", sale(12, updated=now(late)), "COMMIT"])
        assert landing_of(database, **told) == [1, 2, 12]
        early.run([sale(13, updated=now(early)), "COMMIT"])
        assert landing_of(database, **told) == [11, 13]
    assert landing_of(database, **told) == []


def now(connection: Any) -> str:
    """The moment as a shop would write it, in UTC."""
    connection.rows(
        {"MySQL": "SET time_zone = '+00:00'"}.get(type(connection).__name__, "SELECT 1")
    )
    return str(connection.rows("SELECT CAST(CURRENT_TIMESTAMP AS CHAR(19))")[0][0])


def test_savepoints_have_numbers_of_their_own(postgres: ShopDatabase) -> None:
    """A row that was written after a savepoint bears a number that no snapshot lists as open."""
    postgres.fill()
    with postgres.open() as shop:
        shop.run(["BEGIN", sale(11), "SAVEPOINT a", sale(12), "SAVEPOINT b", sale(13)])
        postgres.run(sale(14))
        assert landing_of(postgres) == [1, 2, 14]
        shop.run(["RELEASE SAVEPOINT b", "COMMIT"])
    assert landing_of(postgres) == [11, 12, 13]
    assert landing_of(postgres) == []


@pytest.mark.parametrize("way", ["as it is by default", "by updated_at"])
def test_equal_times_at_the_boundary(database: ShopDatabase, way: str) -> None:
    told = {**WAYS[way], **({"overlap": 0} if way == "by updated_at" else {})}
    database.fill()
    database.run(sale(3, updated="2025-05-05 05:05:05.5"))
    assert landing_of(database, **told) == [1, 2, 3]
    database.run(sale(4, updated="2025-05-05 05:05:05.5"))
    assert landing_of(database, **told) == [4]


def test_rows_without_a_time_and_from_the_future(database: ShopDatabase) -> None:
    """They have no place on the scale, or push the mark beyond all that comes."""
    told = {"watermark": "updated_at"}
    database.fill()
    database.run(
        "INSERT INTO sales VALUES (5, 1, 1, 1, 1, '2025-01-01', NULL)",
        sale(6, updated="2037-01-01"),
    )
    assert landing_of(database, **told) == [1, 2, 5, 6]
    with database.open() as shop:
        database.run(sale(7, updated=now(shop)))
    assert landing_of(database, **told) == [7]
    assert landing_of(database, **told) == []


def test_a_table_that_was_copied_back_is_read_anew(postgres: ShopDatabase) -> None:
    """Its rows bear other numbers; what has landed of it does not land again."""
    postgres.fill()
    assert landing_of(postgres) == [1, 2]
    postgres.run(
        "CREATE TABLE other AS SELECT * FROM sales", "DROP TABLE sales",
        "ALTER TABLE other RENAME TO sales", sale(3),
    )  # fmt: skip
    assert landing_of(postgres) == [3]


def test_an_old_part_that_joins_a_table(postgres: ShopDatabase) -> None:
    postgres.run(
        "CREATE TABLE sales (transaction_id BIGINT, customer_id BIGINT, product_id BIGINT, "
        'quantity INT, price NUMERIC, "timestamp" TIMESTAMPTZ, updated_at TIMESTAMPTZ) '
        "PARTITION BY RANGE (transaction_id)",
        "CREATE TABLE few PARTITION OF sales FOR VALUES FROM (1) TO (10)",
        "CREATE TABLE old (LIKE sales)",
        sale(12).replace("INTO sales", "INTO old"),
        sale(1),
    )
    assert landing_of(postgres) == [1]
    postgres.run("ALTER TABLE sales ATTACH PARTITION old FOR VALUES FROM (10) TO (20)")
    assert landing_of(postgres) == [12]


def test_a_new_column_with_a_default_reaches_old_rows(postgres: ShopDatabase) -> None:
    """No transaction writes them: the server makes the value up when it is asked."""
    postgres.fill()
    assert landing_of(postgres) == [1, 2]
    postgres.run("ALTER TABLE sales ADD COLUMN channel TEXT DEFAULT 'web'")
    assert landing_of(postgres) == [1, 2]


def test_a_view_is_compared(postgres: ShopDatabase) -> None:
    postgres.fill()
    postgres.run("CREATE VIEW lines AS SELECT * FROM sales")
    assert landing_of(postgres, name="lines") == [1, 2]
    postgres.run(sale(3), "UPDATE sales SET quantity = 5 WHERE transaction_id = 2")
    assert landing_of(postgres, name="lines") == [2, 3]


def test_a_note_that_is_lost_only_costs_time(database: ShopDatabase) -> None:
    database.fill()
    landing_of(database)
    for note in Path("raw").glob(".*.json"):
        note.write_text("no JSON")
    database.run(sale(3))
    assert landing_of(database) == [3]


def test_records_that_cannot_be_split_land_once(mysql: ShopDatabase) -> None:
    mysql.fill()
    mysql.run("ALTER TABLE sales ADD channel VARBINARY(9)", "UPDATE sales SET channel = X'FF'")
    assert landing_of(mysql) == [1, 2]
    mysql.run("UPDATE sales SET channel = X'00FE' WHERE transaction_id = 2")
    assert landing_of(mysql) == [2]
    assert landing_of(mysql) == []


def test_a_watermark_that_is_none(database: ShopDatabase) -> None:
    database.fill()
    for name in ("price", "nothing"):
        with pytest.raises(ConfigError, match=rf"watermark = '{name}' is no column of times.*upd"):
            landing_of(database, watermark=name)


class Counting(PostgreSQL):
    """Only what makes conditions of transaction numbers."""

    def __init__(self) -> None: ...

    def close(self) -> None: ...


def chosen(settled: int, next_: int, numbers: Sequence[int]) -> list[int]:
    """The rows that would be read, of some written by these transactions."""
    marks = [Mark("transactions", "", str(n), str(n)) for n in (settled, next_)]
    condition = Counting().since(*marks) or "True"
    condition = condition.replace("CAST(CAST(xmin AS TEXT) AS BIGINT)", "x")
    condition = condition.replace("AND", "and").replace("OR", "or")
    return [n for n in numbers if eval(condition, {"x": n % EPOCH})]


@pytest.mark.parametrize("epoch", [0, 1, 7])
@pytest.mark.parametrize("settled", [5, 1000, EPOCH - 3])
@pytest.mark.parametrize("ahead", [0, 1, 500, EPOCH // 2, EPOCH - 1])
def test_numbers_that_come_round(epoch: int, settled: int, ahead: int) -> None:
    settled += epoch * EPOCH
    next_ = settled + ahead
    new = sorted({n for n in (settled, settled + 1, next_ - 1) if settled <= n < next_})
    old = [n for n in (settled - 1, settled - EPOCH // 3) if n >= 0 and next_ - n < EPOCH]
    assert chosen(settled, next_, [*old, *new]) == new


def test_a_count_that_went_back_or_too_far() -> None:
    assert chosen(1000, 900, [1, 899]) == [1, 899]
    assert chosen(10, 10 + 3 * EPOCH, [11, EPOCH]) == [11, EPOCH]


class Clock:
    """A database that has one column, and what is highest in it."""

    def __init__(self, highest: str | None, *, nowhere: bool = False) -> None:
        self._answers = [[(highest,)], [(1,)] if nowhere else []]

    def rows(self, _sql: str) -> Any:
        return self._answers.pop(0)

    def quote(self, name: str) -> str:
        return name

    as_text = quote


@pytest.mark.parametrize(
    ("column", "highest", "oldest_s", "low", "high"),
    [
        ("time", "2025-01-01 10:00:00", 0, "2025-01-01 09:00:00", "2025-01-01 10:00:00"),
        ("time", "2025-01-01 10:00:00.5+02", 60, "2025-01-01 06:59:00.500000", None),
        ("time", "2099-01-01 10:00:00", 0, "2025-06-01 13:00:00", "2099-01-01 10:00:00"),
        ("time", "0000-00-00 00:00:00", 0, "", ""),
        ("time", None, 0, "", ""),
        ("number", "250000", 9, "150000", "250000"),
        ("number", None, 0, "", "0"),
    ],
)
def test_where_the_next_reading_begins(
    column: str, highest: str | None, oldest_s: int, low: str, high: str | None
) -> None:
    """Bare clock times are held against the clock of their zone: Berlin is 2 hours ahead."""
    found = Found("c", "", zoned="+" in (highest or ""), measure=column)
    moment = Moment(datetime(2025, 6, 1, 12), oldest_s)
    wanted = SourceTable("sales", "mysql://h/d", watermark="c")
    database: Any = Clock(highest)
    mark = watermark._column_mark(database, "t", found, wanted, moment, "Europe/Berlin")
    assert mark.low == low
    assert high is None or mark.high == high
    database = Clock(highest, nowhere=True)
    mark = watermark._column_mark(database, "t", found, wanted, moment, "Europe/Berlin")
    assert mark.high == watermark.BOUNDLESS


def test_only_files_that_reach_so_far_are_compared(database: ShopDatabase) -> None:
    database.fill()
    told = {"watermark": "transaction_id", "overlap": 1}
    landing_of(database, **told)
    for number in (10, 20, 30):
        database.run(sale(number))
        assert landing_of(database, **told) == [number]
    files = landed_files(Path("raw"))["sales"]
    then = files[-1].note.mark if files[-1].note else None
    assert then is not None
    assert [f.number for f in watermark._repeated(files, then)] == [4]
