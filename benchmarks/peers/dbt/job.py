"""Build the models of this folder with dbt on DuckDB; the raw files are tables of text first.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner


def main() -> int:
    project = str(Path(__file__).parent)
    raw, result = sys.argv[1:]
    os.environ |= {"PEER_RAW": raw, "PEER_RESULT": result, "DBT_SEND_ANONYMOUS_USAGE_STATS": "0"}
    places = ["--target-path", f"{result}/target", "--log-path", f"{result}/logs"]
    outcome = dbtRunner().invoke(
        ["run", "--project-dir", project, "--profiles-dir", project, *places]
    )
    return 0 if outcome.success else 1


if __name__ == "__main__":
    sys.exit(main())
