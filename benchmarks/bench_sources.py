r"""Landing a table of a shop's database, against the servers' own clients.

python -m benchmarks.bench_sources [--sales 5000000] [--repeats 3]

PostgreSQL against `psql \copy (SELECT ...) TO file`, MariaDB against `mysql --quick --batch`; both
write the same columns to the same disk, in turns. The figures are medians by the clock. A server or
client that is not there is named and skipped.
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


def main() -> None:
    """Print the medians of each server, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sales", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options, _ = parser.parse_known_args()
    legs = (
        ("PostgreSQL", POSTGRES, "psql", postgres_rows, psql),
        ("MariaDB", MYSQL, "mysql", mariadb_rows, mysql),
    )
    for name, url, client, rows, command in legs:
        try:
            if not shutil.which(client):
                print(f"bench_sources, {name}: skipped, there is no {client}")
                continue
            with open_database(url, read_only=False) as database:
                compare(name, url, database, rows(options.sales), command, options.repeats)
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


def postgres_rows(sales: int) -> str:
    clock = "TIMESTAMPTZ '2024-01-01' + i * INTERVAL '1 second'"
    numbers = f"GENERATE_SERIES(CAST(1 AS BIGINT), {sales}) AS i"
    return ROWS.format(table=TABLE, clock=clock, timestamp='"timestamp"', numbers=numbers)


def mariadb_rows(sales: int) -> str:
    clock = "CAST('2024-01-01 00:00:00' AS DATETIME) + INTERVAL i SECOND"
    numbers = f"(SELECT seq AS i FROM seq_1_to_{sales}) AS numbers"
    return ROWS.format(table=TABLE, clock=clock, timestamp="`timestamp`", numbers=numbers)


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
