"""Load the raw files with dlt into DuckDB as text, then clean them there by SQL.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb

COLUMNS = {
    "customers": ("customer_id", "name", "email", "location"),
    "products": ("product_id", "name", "category", "price"),
    "sales": ("transaction_id", "customer_id", "product_id", "quantity", "price", "timestamp"),
}
ROWS_IN_BATCH = 200_000


def read(raw: str, table: str) -> Iterator[Any]:
    """Arrow batches, as dlt's own CSV reader by DuckDB yields them: the quickest way into dlt."""
    with duckdb.connect() as connection:
        columns = dict.fromkeys(COLUMNS[table], "VARCHAR")
        yield from connection.sql(
            f"FROM read_csv('{raw}/{table}*.csv', auto_detect = false, header = true, "
            f"ignore_errors = true, strict_mode = false, columns = {columns})"
        ).to_arrow_reader(ROWS_IN_BATCH)


def main() -> None:
    raw, result = sys.argv[1:]
    warehouse = Path(result) / "warehouse.duckdb"
    pipeline = dlt.pipeline(
        pipeline_name="peer",
        pipelines_dir=f"{result}/pipelines",
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name="raw",
    )
    pipeline.run(
        [dlt.resource(read(raw, table), name=table) for table in COLUMNS],
        write_disposition="replace",
    )
    with pipeline.sql_client() as client:
        client.execute_sql(Path(__file__).with_name("clean.sql").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
