"""A small hostile store through five runs, each held against the oracle: quick to see most faults.

What is expected is worked out before a fault is planted (`expect`), by the oracle alone, which
shares no code with the package.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle import RawFile, Star, build_star

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.pipeline import Result
    from tests.shop import Shop

NOW = datetime(2025, 6, 30, 12)
"""The moment of all runs: a sale may lie a day later, and not a microsecond more."""

PEOPLE = "customer_id,name,email,location,registered_at,birth_year,updated_at\n"
GOODS = "product_id,name,category,price,cost,updated_at\n"
SOLD = (
    "transaction_id,customer_id,product_id,quantity,price,timestamp,order_id,discount,channel,"
    "updated_at\n"
)

FIRST = {
    "customers.csv": PEOPLE
    + """1,Ann,ann@shop.example,Rome,2024-01-01,1980,2025-01-01
2,Bo,BO@o.example,Oslo,2024-02-30,1899,
3,,not an address,N/A,,2101,
4,Null,-,Null,2024-01-01T10:00:00+02:00,1900,2025-01-01
9223372036854775807, Last ,l@a.example,Bonn,,2100,
9223372036854775808,Beyond,b@b.example,Bonn,,,
0,Nobody,n@b.example,Bonn,,,
x,Ex,x@b.example,Bonn,,,
,None,x@b.example,Bonn,,,
2,Bo,BO@o.example,Oslo,2024-02-30,1899,
1,Old Ann,old@shop.example,Turin,,,2024-01-01
""",
    "products.csv": GOODS
    + """1,Mug,Kitchen,2.50,1,2025-01-01
2,Pan,,free,-1,
3,,N/A,"$1,234.5",1e3,
4,Null,null,99999999999999.9999,100000000000000,
5,Cup,Kitchen,,0.00001,
2,Pan,,free,-1,
1,Old mug,Kitchen,2.00,,2024-12-31
-,Nothing,Kitchen,1,1,
""",
    "sales.csv": SOLD
    + """1,1,1,2,2.50,2025-03-04 10:20:30,o1,0.5,web,
2,2,2,1,9,2025-03-05,o1,,,
3,,1,-1,2.50,2025-03-06T23:30:00-02:30,o2,-1,shop,
4,3,3,1000000,0.0001,2025-07-01 12:00:00,,,,
5,3,3,-1000000,$1.5,2025-07-01 12:00:00,,,,
6,3,3,1000001,1,2025-03-06,,,,
7,3,3,-1000001,1,2025-03-06,,,,
8,3,3,0,1,2025-03-06,,,,
9,3,3,1,-1,2025-03-06,,,,
10,3,3,1,1,2025-07-01 12:00:00.000001,,,,
11,3,3,1,$1,2025-07-01 12:00:00.000001,,,,
12,3,3,1,1,1970-01-01,,,,
13,3,3,1,1,1969-12-31 23:59:59.999999,,,,
14,3,3,1000000,99999999999999.9999,2025-03-06,,,,
15,3,3,1.0,"1,234.50",2025-03-06,o3,,,
16,3,3,1.5,7,2025-03-06,,,,
17,3,,1,7,2025-03-06,,,,
18,0,1,1,7,2025-03-06,,,,
19,77,1,1,7,2025-03-06,o4,,,
20,1,77,3,7,2025-03-06,o5,,web,
21,77,77,4,7,2025-03-06,,,,
22,1,1,1,1,2025-03-07,,,,2025-03-08
22,1,1,1,2,2025-03-07,,,,2025-03-09
22,1,1,1,3,2025-03-07,,,,
23,1,1,1,$1,2025-03-07,,,,
23,1,1,1,1,2025-03-07,,,,
23,1,1,1,1.00,2025-03-07,,,,
24,2,2,5,1,2025-03-07,,,,
24,2,2,6,1,2025-03-07,,,,
25,2,2,5,1,2025-03-07,,,,
26,1,1,1,1,2025-03-07,,,
27,1,1,1,1,2025-03-07,,,,,
28,1,1,1,"1"0,2025-03-07,,,,
29,1,1,x,y,z,,,,
1,1,1,2,2.50,2025-03-04 10:20:30,o1,0.5,web,
""",
}

SECOND = {
    "customers-2.csv": PEOPLE + "1,Ann,ann@shop.example,Paris,2024-01-01,1980,2025-06-01\n",
    "products-2.csv": GOODS + "1,Mug,Garden,2.75,1.25,2025-06-01\n2,Late,,1,,2020-01-01\n",
    "sales-10.csv": SOLD
    + """1,1,1,2,$2.75,2025-03-04 10:20:30,o1,,web,
2,2,2,1,$9,2025-03-05,o1,,,
24,2,2,7,$1,2025-03-07,,,,
25,2,2,5,1,2025-03-07,,,,
26,1,1,4,1,2025-03-07,,,,
30,1,1,1,1,2025-03-08,,,,
31,78,1,1,$2,2025-03-08,,,,
32,78,1,2,$3,2025-03-08,o9,,,
33,1,78,4,$4,2025-03-08,,,,
34,1,78,5,5,2025-03-08,,,,
35,1,78,5,6,2025-03-08,,,,
""",
    "sales-2.csv": SOLD
    + """1,1,1,3,2.75,2025-03-04 10:20:30,o1,,web,
25,2,2,6,1,2025-03-07,,,,
30,1,1,1,1,2025-03-08,,,,
33,1,78,4,4,2025-03-08,,,,
22,1,1,9,9,2025-03-07,,,,2025-03-09 00:00:01
36,1,1,1,1,,,,,
37,1,1,2,bad,2025-03-08,,,,
""",
}

THIRD = {
    "customers-3.csv": PEOPLE + "78,Cy,c@y.example,Rome,,,\n77,Di,d@i.example,Rome,,,\n",
    "products-3.csv": GOODS + "78,Hat,Clothes,4,2,\n",
    "sales-3.csv": SOLD
    + """34,1,1,6,5,2025-03-08,,,,2025-03-09
35,1,79,5,6,2025-03-08,,,,2025-03-09
31,78,1,1,2,2025-03-08,,,,
2,2,2,1,10,2025-03-05,o1,,,2025-03-06
40,78,78,2,2,2025-03-10,,,,
42,1,1,x,1,2025-03-10,,,,
""",
}

CHANGED = {"sales-3.csv": THIRD["sales-3.csv"] + "41,1,1,1,1,2025-03-11,,,,\n2,2,2,1,1,,,,,\n"}

DELIVERIES = (FIRST, SECOND, THIRD, CHANGED)

BOOKED = [
    *[(1, "load", 3)],
    *[(2, "load", 4), (2, "move", 3)],
    *[(3, "load", 3), (3, "move", 3)],
    *[(5, "load", 10), (5, "reversal", 10)],
    *[(6, "load", 10), (6, "reversal", 10)],
]
"""Run, entry, how many files: in the fourth run a file was only touched, the last two rebuild."""


@dataclass(frozen=True)
class Delivery:
    """Files that come, and the star that all files are then."""

    files: Mapping[str, bytes]
    star: Star


def expect() -> list[Delivery]:
    """Every delivery with what the oracle makes of it and of those before."""
    there: dict[str, bytes] = {}
    made = []
    for texts in DELIVERIES:
        files = {name: text.encode() for name, text in texts.items()}
        there |= files
        star = build_star(RawFile(name, data, NOW) for name, data in sorted(there.items()))
        made.append(Delivery(files, star))
    return made


def check(deliveries: list[Delivery]) -> None:
    """Run after each delivery; AssertionError or any other error when something is wrong."""
    from data_pipeline import pipeline
    from data_pipeline.aggregates import changes, numbering
    from data_pipeline.metrics import periods
    from tests.shop import temporary_shop

    first, second, third, changed = deliveries
    with pytest.MonkeyPatch.context() as patch, temporary_shop() as shop:
        patch.setattr(pipeline, "_now", lambda: NOW)
        patch.setattr(changes, "LARGE", 0)
        patch.setattr(numbering, "WIDEST", 0)  # a sale of 1970 makes room for 55 years
        patch.setattr(periods, "find_shifts", cache(periods.find_shifts))
        assert deliver(shop, first) == "first"
        assert deliver(shop, second) == "incremental"
        assert deliver(shop, third) == "incremental"
        os.utime(shop.raw / "sales.csv")
        assert [run(shop).run_id for _ in range(2)] == [4, None]
        grown = shop.dump()
        assert run(shop, full_refresh=True).kind == "rebuild"
        assert shop.dump() == grown
        assert deliver(shop, changed) == "rebuild"
        assert_books(shop)


def run(shop: Shop, **settings: Any) -> Result:
    result: Result = shop.run(threads=1, **settings)
    return result


def deliver(shop: Shop, delivery: Delivery) -> str:
    """Put the files and run; the kind of the run when all is as expected."""
    from tests.shop import assert_is_star

    result = run(shop.put(delivery.files))
    assert_is_star(shop, delivery.star)
    for file in result.files:
        assert file.rows == delivery.star.read[file.file.name] == file.clean + file.rejected
    return result.kind


def assert_books(shop: Shop) -> None:
    """Which runs there were, and what the files of each were booked as."""
    runs = shop.rows("SELECT run_id, status FROM runs ORDER BY run_id")
    assert runs == [(number, "balanced") for number in range(1, 7)]
    booked = shop.rows("SELECT run_id, entry, COUNT(*) FROM ledger GROUP BY ALL ORDER BY ALL")
    assert booked == BOOKED
    files = shop.rows("SELECT path, run_id, row_count FROM files ORDER BY path")
    read = "SELECT source_file, 6, SUM(rows_read) FROM ledger GROUP BY ALL ORDER BY ALL"
    assert files == shop.rows(read)
