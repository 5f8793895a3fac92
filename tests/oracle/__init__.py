"""The oracle: the whole star recomputed from the raw bytes in plain Python.

It is written from DESIGN.md alone and shares no code with the package: no DuckDB, no Arrow, no
`csv`, nothing imported from `data_pipeline`. It is slow, it holds everything in memory, and it is
meant to be read from top to bottom:

    records.py   bytes   -> records, or the reason why a record is none
    values.py    text    -> a typed value, a repair or a reason
    star.py      records -> customers, products, sales, quarantine and the books
"""

from tests.oracle.records import Record, RefusedError, read_file
from tests.oracle.star import Loaded, Quarantined, RawFile, Star, amount_of, build_star
from tests.oracle.values import COLUMNS, Verdict, judge

__all__ = [
    "COLUMNS",
    "Loaded",
    "Quarantined",
    "RawFile",
    "Record",
    "RefusedError",
    "Star",
    "Verdict",
    "amount_of",
    "build_star",
    "judge",
    "read_file",
]
