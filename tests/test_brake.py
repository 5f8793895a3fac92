"""A file of which too much is bad stops the run, and the message says what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from data_pipeline.errors import ContractError, printable
from data_pipeline.sources.header import Format
from tests.rawfiles import SALES

if TYPE_CHECKING:
    from tests.shop import Shop

GERMAN = [
    "1;1;1;2;4,50;24.12.2025 10:30",
    "2;2;2;1;1.012,00;24.12.2025 11:00",
    "3;1;1;1;4,50;2025-12-25 12:00",
]
DECLARE = "how a file is written is declared under [tables.sales] in pipeline.toml: "
ANYWAY = "if the file is right as it is, run with --max-quarantine 1"


def refusal(shop: Shop, rows: list[str], name: str = "sales-2.csv", **settings: object) -> str:
    """What a run says to a file of these rows; it leaves the warehouse as it was."""
    shop.run()
    before = shop.dump()
    head = SALES.replace(",", ";") if ";" in rows[0] else SALES
    shop.put({name: (head + "\n".join(rows) + "\n").encode("cp1252")})
    with pytest.raises(ContractError) as stopped:
        shop.run(max_quarantine=0.5, **settings)
    assert shop.dump() == before
    return printable(str(stopped.value))


def test_the_first_row_of_each_reason_is_shown(store: Shop) -> None:
    first, *reasons, _declare, anyway = refusal(store, GERMAN).split("\n  ")
    assert first == (
        "sales-2.csv: 3 of 3 rows would be quarantined, more than max_quarantine = 0.5 allows, "
        "so nothing was loaded"
    )
    times, prices = reasons
    assert times.startswith(
        "2 invalid_timestamp, the first in line 2: timestamp '24.12.2025 10:30' is not an ISO 8601"
    )
    assert prices.startswith("1 invalid_price, the first in line 4: price '4,50' is not a number")
    assert anyway == ANYWAY


def test_what_may_be_declared_is_shown(store: Shop) -> None:
    said = refusal(store, GERMAN).split("\n  ")[-2]
    assert said == DECLARE + 'timestamp = "%d.%m.%Y %H:%M", decimal = ","'


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("24.12.2025 10:30", '"%d.%m.%Y %H:%M"'),
        ("12/24/2025 9:30:05", '"%m/%d/%Y %H:%M:%S"'),
        ("3/4/2025", '"%d/%m/%Y" or "%m/%d/%Y"'),
        ("2025.12.24 10:30", '"%Y.%m.%d %H:%M"'),
    ],
)
def test_the_form_is_that_of_the_first_time(store: Shop, time: str, said: str) -> None:
    shown = refusal(store, [f"1,1,1,1,5,{time}", "2,1,1,1,5,24.12.2025"]).split("\n  ")[-2]
    assert shown == f"{DECLARE}timestamp = {said}"


@pytest.mark.parametrize(
    "time", ["24-13-2025", "24.12/2025", "24.12.2025 10h30", "2999-12-24", "yesterday"]
)
def test_no_form_is_shown_that_cannot_be_declared(store: Shop, time: str) -> None:
    assert DECLARE not in refusal(store, [f"1,1,1,1,5,{time}"])


def test_with_what_is_shown_the_file_is_read(store: Shop) -> None:
    refusal(store, GERMAN[:2])
    format_ = Format(timestamp="%d.%m.%Y %H:%M", decimal=",")
    (store.raw / "sales.csv").unlink()
    store.run(max_quarantine=0.5, full_refresh=True, formats={"sales": format_})
    assert store.rows("SELECT price, CAST(timestamp AS VARCHAR) FROM sales ORDER BY 1 DESC")[0] == (
        1012,
        "2025-12-24 11:00:00",
    )


def test_bytes_of_another_encoding(store: Shop) -> None:
    rows = ["1,1,1,2,5,2025-12-24,ü", "2,1,1,2,5,2025-12-24,ö"]
    store.run()
    store.put({"sales-2.csv": (SALES.strip() + ",channel\n" + "\n".join(rows)).encode("cp1252")})
    with pytest.raises(ContractError, match=r'2 bad_encoding, the first in line 2.*\n.*"cp1252"'):
        store.run(max_quarantine=0.5)


@pytest.mark.parametrize(
    ("rows", "name", "settings"),
    [
        (["x,1,1,1,5,2025-03-04"], "sales-2.csv", {}),
        (GERMAN, "sales-landed-000001.csv", {}),
        (
            ["1;1;1;2;4,50,1;24.12.2025"],
            "sales-2.csv",
            {"formats": {"sales": Format(timestamp="%Y/%m/%d", decimal=",")}},
        ),
        (["ü,1,1,1,5,2025-03-04"], "sales-2.csv", {"formats": {"sales": Format(encoding="utf-8")}}),
    ],
    ids=["nothing that could be declared", "from a database", "declared", "encoding declared"],
)
def test_nothing_is_advised_where_it_would_not_help(
    store: Shop, rows: list[str], name: str, settings: dict[str, object]
) -> None:
    said = refusal(store, rows, name, **settings)
    assert DECLARE not in said
    assert said.endswith(ANYWAY)


def test_a_value_cannot_forge_a_line(store: Shop) -> None:
    rows = ['1,1,1,1,"5\n  forged: all is well\x1b[31m",2025-03-04']
    said = refusal(store, rows)
    assert len([line for line in said.split("\n") if "forged" in line]) == 1
    assert not any(line.strip().startswith("forged") for line in said.split("\n"))
    assert "\x1b" not in said
