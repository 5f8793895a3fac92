"""Build the models of this folder with SQLMesh on DuckDB; the raw files are tables of text first.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import os
import sys
from pathlib import Path

from sqlmesh import Context
from sqlmesh.core.config import Config, DuckDBConnectionConfig, GatewayConfig, ModelDefaultsConfig


def main() -> None:
    raw, result = sys.argv[1:]
    os.environ["MAX_FORK_WORKERS"] = "1"
    config = Config(
        gateways={
            "local": GatewayConfig(
                connection=DuckDBConnectionConfig(database=f"{result}/warehouse.duckdb"),
                state_connection=DuckDBConnectionConfig(database=f"{result}/state.duckdb"),
            )
        },
        model_defaults=ModelDefaultsConfig(dialect="duckdb", start="2022-01-01"),
        variables={"raw": raw},
        disable_anonymized_analytics=True,
        cache_dir=f"{result}/cache",
    )
    context = Context(paths=str(Path(__file__).parent), config=config)
    context.plan(auto_apply=True, no_prompts=True)


if __name__ == "__main__":
    main()
