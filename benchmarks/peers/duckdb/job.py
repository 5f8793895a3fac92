"""Clean the store with a DuckDB script, as a tutorial would.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from pathlib import Path

import duckdb


def main() -> None:
    raw, result = sys.argv[1:]
    with duckdb.connect(f"{result}/warehouse.duckdb") as connection:
        script = Path(__file__).with_name("clean.sql").read_text(encoding="utf-8")
        connection.execute(script.replace("{raw}", raw))


if __name__ == "__main__":
    main()
