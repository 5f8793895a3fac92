r"""Landing a table of a shop's database, against the servers' own clients.

python -m benchmarks.bench_sources [--sales 5000000] [--repeats 3] [--wide 1000000]

PostgreSQL against `psql \copy (SELECT ...) TO file`, MariaDB against `mysql --quick --batch`; both
write the same columns to the same disk, in turns. The figures are medians by the clock. A server or
client that is not there is named and skipped. Then the memory that landing so many customers of
1 KB takes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import run
from data_pipeline.databases import Database, open_database
from data_pipeline.errors import PipelineError
from data_pipeline.landing import SourceTable, land

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test")
MYSQL = os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test")
TABLE = "bench_landed_sales"
LIMIT = 1.3
ROWS = """
CREATE TABLE {table} AS SELECT i AS transaction_id, CONCAT('A-', i) AS order_id,
    1 + (i * 7919) % 200000 AS customer_id, 1 + (i * 31) % 5000 AS product_id,
    1 + i % 5 AS quantity, CAST((100 + i % 9000) / 100.0 AS DECIMAL(18,4)) AS price,
    CAST(0 AS DECIMAL(18,4)) AS discount, 'web' AS channel, {clock} AS {timestamp},
    {clock} AS updated_at
FROM {numbers}
"""

WIDE_TABLE = "bench_landed_customers"
WIDE = """
CREATE TABLE {table} AS SELECT i AS customer_id, REPEAT('n', 300) AS name,
    CONCAT(REPEAT('m', 300), i, '@shop.example') AS email, REPEAT('l', 400) AS location
FROM {numbers}
"""
LAND_WIDE = f"""
import sys
from pathlib import Path
from data_pipeline.landing import SourceTable, land
land([SourceTable("customers", sys.argv[1], "{WIDE_TABLE}")], Path("raw"))
"""
LIMIT_MB = 300


def main() -> None:
    """Print the medians of each server, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sales", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--wide", type=int, default=1_000_000)
    options, _ = parser.parse_known_args()
    legs = (
        ("PostgreSQL", POSTGRES, "psql", postgres_numbers, POSTGRES_CLOCK, psql),
        ("MariaDB", MYSQL, "mysql", mariadb_numbers, MARIADB_CLOCK, mysql),
    )
    for name, url, client, numbers, clock, command in legs:
        try:
            if not shutil.which(client):
                print(f"bench_sources, {name}: skipped, there is no {client}")
                continue
            with open_database(url, read_only=False) as database:
                rows = ROWS.format(table=TABLE, numbers=numbers(options.sales), **clock)
                compare(name, url, database, rows, command, options.repeats)
                wide = WIDE.format(table=WIDE_TABLE, numbers=numbers(options.wide))
                measure_memory(name, url, database, wide)
        except PipelineError as error:
            print(f"bench_sources, {name}: skipped, {error}")


def compare(
    name: str, url: str, database: Database, rows: str, command: Command, repeats: int
) -> None:
    """Land the table and have the client write it, in turns."""
    database.rows(f"DROP TABLE IF EXISTS {TABLE}")
    try:
        database.rows(rows)
        ours, theirs = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as room:
                ours.append(timed(land, [SourceTable("sales", url, TABLE)], Path(room)))
            with tempfile.TemporaryDirectory() as room:
                theirs.append(timed(by_client, command(url, Path(room, "sales.csv"))))
    finally:
        database.rows(f"DROP TABLE IF EXISTS {TABLE}")
    mine, other = statistics.median(ours), statistics.median(theirs)
    verdict = "met" if mine <= LIMIT * other else "missed"
    print(
        f"landing from {name}: {mine:.1f} s, its client {other:.1f} s, "
        f"ratio {mine / other:.2f} (at most {LIMIT}: {verdict})"
    )


Command = Callable[[str, Path], str]


def timed(work: Callable[..., object], *arguments: object) -> float:
    begin = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin


def by_client(command: str) -> None:
    subprocess.run(command, check=True, shell=True)


def measure_memory(name: str, url: str, database: Database, rows: str) -> None:
    """Land wide rows in a process of their own, and print its peak."""
    database.rows(f"DROP TABLE IF EXISTS {WIDE_TABLE}")
    try:
        database.rows(rows)
        with tempfile.TemporaryDirectory() as room:
            peak_mb = run(["-c", LAND_WIDE, url], Path(room), Path(room, "log")).peak_mb
            landed_mb = sum(file.stat().st_size for file in Path(room, "raw").iterdir()) / 1e6
    finally:
        database.rows(f"DROP TABLE IF EXISTS {WIDE_TABLE}")
    verdict = "met" if peak_mb <= LIMIT_MB else "missed"
    print(
        f"landing wide rows from {name}: {landed_mb:,.0f} MB landed in {peak_mb:.0f} MB of memory "
        f"(at most {LIMIT_MB}: {verdict})"
    )


POSTGRES_CLOCK = {
    "clock": "TIMESTAMPTZ '2024-01-01' + i * INTERVAL '1 second'",
    "timestamp": '"timestamp"',
}
MARIADB_CLOCK = {
    "clock": "CAST('2024-01-01 00:00:00' AS DATETIME) + INTERVAL i SECOND",
    "timestamp": "`timestamp`",
}


def postgres_numbers(count: int) -> str:
    return f"GENERATE_SERIES(CAST(1 AS BIGINT), {count}) AS i"


def mariadb_numbers(count: int) -> str:
    return f"(SELECT seq AS i FROM seq_1_to_{count}) AS numbers"


def psql(url: str, file: Path) -> str:
    return f"psql -q '{url}' -c \"\\copy {TABLE} to '{file}' csv header\""


def mysql(url: str, file: Path) -> str:
    parts = urlsplit(url)
    where: Sequence[str] = (f"-h{parts.hostname}", f"-P{parts.port or 3306}", f"-u{parts.username}")
    login = " ".join(where) + (f" -p{parts.password}" if parts.password else "")
    query = f"SELECT * FROM {TABLE}"
    return f'mysql {login} --quick --batch {parts.path[1:]} -e "{query}" > {file}'


if __name__ == "__main__":
    main()
