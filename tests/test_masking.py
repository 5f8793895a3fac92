"""Masked runs: nobody's name or address is anywhere, and every number is what it was."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from click.testing import CliRunner

from data_pipeline.cli import cli
from data_pipeline.config import load_settings
from data_pipeline.contract import CUSTOMERS
from data_pipeline.errors import ConfigError
from data_pipeline.grade import grade
from data_pipeline.ledger import mask_of_star
from data_pipeline.masking import Key, mask_value
from data_pipeline.metrics import open_reader, query
from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.store import simulate
from data_pipeline.warehouses import Access, open_warehouse
from tests.rawfiles import CUSTOMERS as HEADER
from tests.rawfiles import STORE, file_of, products
from tests.shop import every_warehouse

if TYPE_CHECKING:
    from tests.shop import Shop

SECRET, OTHER = "0f" * 32, "1e" * 32
KEY = Key(SECRET)
MASKED: dict[str, Any] = {"mask_pii": True, "pii_key": KEY}
SENTINEL = "zqxv"
"""Stands in every name, address and number of a person below, and nowhere else."""

PEOPLE = file_of(
    HEADER.strip() + ",updated_at,Phone",
    [
        "1,Ann Zqxv,ann@zqxv.example,Rome,2025-01-01,zqxv-1",
        "2, Bo Zqxv ,BO@ZQXV.Example,Oslo,2025-01-01,zqxv-2",
        "3,Cy Zqxv,not an address of zqxv,Bonn,2025-01-01,zqxv-3",
        "1,Ann Zqxv-Older,ann@zqxv.example,Rome,2024-01-01,zqxv-4",
        "2,Bo Zqxv,bo@zqxv.example,Oslo,2025-01-01,zqxv-2",
        "Di Zqxv,x@zqxv.example,4,Ulm,2025-01-01,zqxv-5",
        "5,Ed,Zqxv,ed@zqxv.example,Graz,2025-01-01,zqxv-6",
        '6,"Fy "Zqxv",fy@zqxv.example,Lyon,2025-01-01,zqxv-7',
        "7,Unknown,,Rome,2025-01-01,zqxv-8",
        ",Gil Zqxv,gil@zqxv.example,Rome,zqxv,zqxv-9",
    ],
) + HEADER.encode("latin-1").replace(b"name", b"Zo\xe9 Zqxv")
SOLD = file_of(
    "transaction_id,customer_id,product_id,quantity,price,timestamp,updated_at,Buyer",
    [
        "1,1,1,2,2.50,2025-03-04,2025-03-05,Ann Zqxv",
        "1,1,1,3,2.50,2025-03-04,2025-03-06,Ann Zqxv",
        "2,2,2,1,9,2025-03-05,,bo@zqxv.example",
        "3,3,2,x,9,2025-03-05,,cy@zqxv.example",
        "4,9,2,1,9,2025-03-05,,zqxv, too many fields",
        "5,99,2,1,9,2025-03-05,,an orphan's zqxv",
        "6,7,1,1,9,2025-03-05,,",
    ],
)
SHOP = {"customers.csv": PEOPLE, "products.csv": STORE["products.csv"], "sales.csv": SOLD}


def of_python(value: str, secret: str = SECRET, digits: int = 32) -> str:
    return hmac.new(secret.encode(), value.encode(), "sha256").hexdigest()[:digits]


@pytest.mark.parametrize("length", [32, 63, 64, 65, 200])
def test_a_mask_is_hmac_sha_256(length: int) -> None:
    secret = ("kéy" * length)[:length]
    name, email = (CUSTOMERS.by_name[c] for c in ("name", "email"))
    value = "zoë@näme.example"
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {mask_value(name, '$v')}, {mask_value(email, '$v')}, "
            f"{mask_value(name, 'CAST(NULL AS VARCHAR)')}",
            Key(secret).mask().values | {"v": value},
        ).fetchone()
    local, domain = of_python(value, secret), of_python("näme.example", secret, 16)
    assert found == (f"masked:{local}", f"{local}@{domain}.masked", None)


def everything(shop: Shop) -> dict[str, str]:
    """Whatever anybody can get to see of a warehouse, and the bytes that lie beside it."""
    from data_pipeline.report import write_report
    from tests.dashboard.client import open_dashboard

    found = {"tables": json.dumps(shop.dump(), default=str)}
    for path in sorted(shop.folder.rglob("*")):
        if path.is_file() and shop.raw not in path.parents:
            found[path.name] = path.read_bytes().decode("latin-1")
    out = shop.folder / "out"
    out.mkdir()
    where = ["--warehouse", shop.url]
    commands = {
        "status": ["status", *where, "--json"],
        "quarantine": ["quarantine", *where, "--examples", "99", "--json"],
        "export": ["quarantine", *where, "--export", str(out / "bad.csv")],
        "trace": ["trace", "1", *where, "--raw", str(shop.raw), "--json"],
        "domains": ["metrics", "net_sales", *where, "--by", "mail_domain"],
    }
    for name, told in commands.items():
        done = CliRunner().invoke(cli, told, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        found[name] = done.output
    found["bad.csv"] = (out / "bad.csv").read_text(encoding="utf-8")
    found["report"] = write_report(shop.url, out / "report.html").read_text(encoding="utf-8")
    with open_dashboard(shop.url) as dashboard:
        asked = {
            "quality": ("/api/quality", {}),
            "records": ("/api/quarantine", {"limit": 100}),
            "values": ("/api/values/mail_domain", {}),
        }
        for name, (question, parameters) in asked.items():
            found[f"dashboard {name}"] = json.dumps(dashboard.ask(question, **parameters))
    return found


@every_warehouse
def test_no_name_and_no_address_is_anywhere(shop: Shop) -> None:
    shop.put(SHOP).run(**MASKED, processed=shop.folder / "processed")
    found = everything(shop)
    told = {name: SENTINEL in content.casefold() for name, content in found.items()}
    assert not any(told.values()), told
    assert of_python("Ann Zqxv") in found["tables"]
    assert of_python("bo@zqxv.example") in found["tables"]
    assert "masked" in found["status"]


def test_the_same_look_finds_what_is_not_masked(shop: Shop) -> None:
    """What the test above looks at would show a name if one were there."""
    shop.put(SHOP).run(processed=shop.folder / "processed")
    found = everything(shop)
    blind = {name for name, content in found.items() if SENTINEL not in content.casefold()}
    assert blind <= {
        "status",
        "report",
        "dashboard quality",
        "transformed_products.csv",
        "transformed_sales.csv",
    }


def without_people(dump: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """All that is in a warehouse but what is masked."""
    names = [c.name for c in CUSTOMERS.columns]
    hidden = {names.index(c.name) for c in CUSTOMERS.columns if c.personal}
    people = [tuple(v for i, v in enumerate(r) if i not in hidden) for r in dump["customers"]]
    held = [(*row[:4], *row[6:]) for row in dump["quarantine"]]
    return dump | {"customers": people, "quarantine": held}


@every_warehouse
def test_all_else_is_as_without_masks(shop: Shop) -> None:
    """Rows, duplicates, versions, joins, sums; and the groups of mail domains, by their size."""
    shop.put(SHOP).run(**MASKED)
    masked, ledger = shop.dump(), shop.rows("SELECT * FROM ledger ORDER BY ALL")
    with open_reader(shop.url) as reader:
        domains = query(reader, ["net_sales", "customers"], by=["mail_domain"])
    shop.house.drop()
    shop.house = type(shop.house)(*([shop.file] if hasattr(shop.house, "file") else []))
    shop.run()
    plain = shop.dump()
    assert without_people(masked) == without_people(plain)
    assert ledger == shop.rows("SELECT * FROM ledger ORDER BY ALL")
    with open_reader(shop.url) as reader:
        known = query(reader, ["net_sales", "customers"], by=["mail_domain"])
    assert sorted(row[1:] for row in domains) == sorted(row[1:] for row in known)
    assert {"zqxv.example", "Unknown"} <= {row[0] for row in known}


def test_a_masked_warehouse_is_a_function_of_the_files(shop: Shop) -> None:
    """Run by run, or all at once; also what waits for another table, and what lost."""
    more = {
        "customers-2.csv": file_of(
            HEADER.strip() + ",updated_at", ["1,New,n@e.example,X,2026-01-01"]
        ),
        "customers-3.csv": file_of(HEADER.strip(), ["99,Late Zqxv,l@zqxv.example,Bath"]),
        "products-2.csv": products("3,Pot,Kitchen,4"),
    }
    shop.put(SHOP).run(**MASKED)
    for name, content in more.items():
        shop.put({name: content}).run(**MASKED)
    by_runs = shop.dump()
    shop.run(**MASKED, full_refresh=True)
    assert shop.dump() == by_runs
    shop.file.unlink()
    shop.run(**MASKED)
    assert shop.dump() == by_runs
    raws = shop.rows("SELECT raw FROM quarantine WHERE reason = 'superseded'")
    assert len(raws) == 3
    assert any(f"masked:{of_python('Ann Zqxv-Older')}," in raw for (raw,) in raws)


def test_records_in_quarantine_still_say_what_is_wrong(shop: Shop) -> None:
    shop.put(SHOP).run(**MASKED)
    found: dict[str, str] = dict(
        shop.rows("SELECT source_table || source_line, raw FROM quarantine ORDER BY ALL")
    )
    assert found["sales5"] == "3,3,2,2025-03-05,x,9,,,,"
    shifted, *rest = found["customers7"].split(",")
    assert shifted == f"masked:{of_python('Di Zqxv')}"
    assert rest[0] == f"masked:{of_python('x@zqxv.example')}"
    assert rest[2:] == ["Ulm", "", "", "2025-01-01"]
    assert found["customers8"].startswith("masked:")
    assert "," not in found["customers8"]


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({}, MASKED, "holds names and e-mail addresses as they came"),
        (MASKED, {}, "holds masked names and e-mail addresses"),
        (MASKED, {"mask_pii": True, "pii_key": Key(OTHER)}, "is masked with another key"),
    ],
)
@pytest.mark.parametrize("full_refresh", [False, True])
def test_a_run_that_would_mask_otherwise_is_refused(
    store: Shop, first: dict, then: dict, message: str, full_refresh: bool
) -> None:
    store.run(**first)
    before = store.dump()
    with pytest.raises(ConfigError, match=message):
        store.put({"products-2.csv": products("3,Pot,Kitchen,4")}).run(
            **then, full_refresh=full_refresh
        )
    assert store.dump() == before
    store.run(**first)
    assert store.rows("SELECT count(*) FROM products") == [(3,)]


def test_the_key_is_nowhere(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_PII_KEY", SECRET)
    told = ["run", "--raw", str(shop.raw), "--warehouse", shop.url, "--json", "--mask-pii"]
    done = CliRunner().invoke(cli, [*told, "--processed", str(shop.folder / "processed")])
    assert isinstance(done.exception, Exception)
    assert SECRET not in repr(done.exception) + done.output
    shop.put(SHOP)
    done = CliRunner().invoke(cli, [*told, "--processed", str(shop.folder / "processed")])
    assert done.exit_code == 0, done.output
    hidden = {SECRET, *(v.hex() for v in KEY.mask().values.values())}
    raw = [v.decode("latin-1") for v in KEY.mask().values.values()]
    for path in shop.folder.rglob("*"):
        content = path.read_bytes().decode("latin-1") if path.is_file() else ""
        assert not [s for s in (*hidden, *raw) if s in content], path
    settings = load_settings({"mask_pii": True})
    assert settings.mask() is not None
    assert SECRET not in repr(settings) + repr(settings.mask()) + done.output
    assert KEY.mask().fingerprint in shop.rows("SELECT settings FROM runs")[0][0]


def test_the_key_may_lie_in_a_file(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET + "\n")
    shop.put(STORE).run(mask_pii=True, pii_key_file=file)
    with open_warehouse(shop.url, Access(read_only=True)) as reader:
        assert mask_of_star(reader) == KEY.mask().fingerprint
    assert SECRET not in json.dumps(shop.rows("SELECT settings FROM runs"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "mask_pii needs a key: set SALES_PII_KEY"),
        ({"pii_key": Key("")}, "mask_pii needs a key"),
        ({"pii_key": Key("short")}, "has 5 characters, fewer than 32"),
        ({"pii_key_file": Path("nowhere")}, "cannot read the key in nowhere: No such file"),
    ],
)
def test_a_run_without_a_good_key_is_refused(store: Shop, settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        store.run(mask_pii=True, **settings)
    assert store.is_empty()


def test_a_key_that_is_no_text_is_refused(store: Shop) -> None:
    file = store.folder / "key"
    file.write_bytes(hashlib.sha256(b"").digest())
    with pytest.raises(ConfigError, match="is not text"):
        store.run(mask_pii=True, pii_key_file=file)


def test_readers_need_no_key(store: Shop) -> None:
    store.run(**MASKED)
    where = ["--warehouse", store.url]
    (store.folder / "pipeline.toml").write_text("mask_pii = true\n")
    config = ["--config", str(store.folder / "pipeline.toml")]
    assert CliRunner().invoke(cli, ["status", *where, *config]).exit_code == 0


def test_marks_for_a_masked_warehouse(shop: Shop) -> None:
    simulate(PRESETS["default"].resized(sales=2_000, days=60, seed=3, defects=0.2), shop.raw)
    shop.run(**MASKED)
    assert grade(shop.raw, shop.url, KEY).perfect
    for key in (None, Key(OTHER)):
        with pytest.raises(ConfigError, match="marked with the key that it was masked with"):
            grade(shop.raw, shop.url, key)
