"""The peers, what each does not do as it is written here, and what we want to be ahead by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """A script in the folder `environment`, and the environment of the same name that runs it.

    `times_goal` is how many times our wall seconds it should take, `memory_goal` how many times our
    peak it should hold.
    """

    name: str
    environment: str
    script: str
    lacks: tuple[str, ...]
    times_goal: float | None = None
    memory_goal: float | None = None
    program: str | None = None
    """What must be on the path for it."""

    @property
    def path(self) -> Path:
        return HERE / self.environment / self.script

    @property
    def requirements(self) -> Path:
        return HERE / self.environment / "requirements.txt"


NO_BOOKS = "no quarantine: what is dropped is counted nowhere"
NO_LINES = "no file and line of a row"
ONE_SHOT = "no second run: no late products, no newer versions from later files"
RAW_STAYS = "rejected rows stay in the raw tables, without a reason"
READER_DROPS = "the CSV reader drops in silence what it cannot split, and keeps what it repaired"
FLOATS = "money as floats"
LOOSE = "12,34 becomes 1234"
NO_WAREHOUSE = "Parquet files, no warehouse"
ONE_BAD_QUOTE = "quotes in sales are not read: one bad quote refuses the whole file"

PEERS = (
    Peer(
        "pandas",
        "pandas",
        "job.py",
        (FLOATS, f"1e3 becomes 1000, {LOOSE}", NO_BOOKS, NO_LINES, ONE_SHOT, NO_WAREHOUSE),
        times_goal=5,
    ),
    Peer(
        "polars",
        "polars",
        "ordinary.py",
        (FLOATS, f"1e3 becomes 1000, {ONE_BAD_QUOTE}", NO_BOOKS, NO_LINES, ONE_SHOT, NO_WAREHOUSE),
        times_goal=1,
        memory_goal=2,
    ),
    Peer(
        "polars-expert",
        "polars",
        "expert.py",
        (ONE_BAD_QUOTE, NO_BOOKS, NO_LINES, ONE_SHOT, NO_WAREHOUSE),
        memory_goal=2,
    ),
    Peer(
        "duckdb",
        "duckdb",
        "job.py",
        (
            f"1.5 units become 2, {LOOSE}, a time's offset is ignored",
            READER_DROPS,
            NO_BOOKS,
            NO_LINES,
            ONE_SHOT,
        ),
    ),
    Peer(
        "dlt",
        "dlt",
        "job.py",
        (READER_DROPS, RAW_STAYS, NO_LINES, "the cleaning by SQL is not incremental"),
        times_goal=2.5,
    ),
    Peer("dbt", "dbt", "job.py", (READER_DROPS, RAW_STAYS, NO_LINES, ONE_SHOT), times_goal=3),
    Peer(
        "sqlmesh", "sqlmesh", "job.py", (READER_DROPS, RAW_STAYS, NO_LINES, ONE_SHOT), times_goal=3
    ),
    Peer(
        "pyspark",
        "pyspark",
        "job.py",
        ("the CSV reader drops lines that do not fit", NO_BOOKS, NO_LINES, ONE_SHOT, NO_WAREHOUSE),
        times_goal=8,
        program="java",
    ),
)
