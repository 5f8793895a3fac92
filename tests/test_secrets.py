"""A password is never shown, whatever goes wrong, and wherever a run writes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import pytest

from data_pipeline.cli import main
from data_pipeline.urls import hide_password, place_of
from tests.databases.servers import ShopDatabase
from tests.source_rules import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.shop import Shop

SECRET = "zq9xv7kw"
PASSWORDS = {
    "plain": SECRET,
    "encoded": f"%40{SECRET}%2F",
    "at": f"a@{SECRET}",
    "slash": f"a/{SECRET}",
    "question": f"a?{SECRET}",
    "hash": f"a#{SECRET}",
    "colon": f"a:{SECRET}",
    "bracket": f"a[{SECRET}",
}
"""As people write them into URLs, rightly or not."""

PLACES = {
    "refused": "://shop:{}@127.0.0.1:1/db",
    "unknown host": "://shop:{}@nowhere.invalid/db",
    "no number": "://shop:{}@127.0.0.1:port/db",
    "no user": "://:{}@127.0.0.1:1/db",
    "option": "://shop@127.0.0.1:1/db?password={}",
    "unknown option": "://shop:{}@127.0.0.1:1/db?colour=red",
    "bad option": "://shop:{}@127.0.0.1:1/db?sslmode=perhaps&tls=perhaps",
}
COMMANDS = {
    "run": ["run", "--raw", "raw", "--processed", "none", "--warehouse"],
    "json": ["run", "--raw", "raw", "--processed", "none", "--json", "--warehouse"],
    "source": ["run", "--raw", "raw", "--warehouse", "duckdb:///w.duckdb", "--source"],
    "stage": ["stage", "--raw", "raw", "--to"],
    "simulate": ["simulate", "--sales", "100", "--out", "made", "--to"],
    "status": ["status", "--json", "--warehouse"],
    "trace": ["trace", "1", "--warehouse"],
    "quarantine": ["quarantine", "--warehouse"],
    "metrics": ["metrics", "net_sales", "--warehouse"],
    "report": ["report", "--warehouse"],
    "charts": ["charts", "--warehouse"],
}


def told(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command, and all that it says; with --debug the traceback too."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(arguments)
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
        except BaseException:  # noqa: BLE001 (with --debug, whatever it was)
            out.write(traceback.format_exc())
    return -1, out.getvalue()


@pytest.fixture
def in_store(store: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(store.folder)
    monkeypatch.setattr("data_pipeline.landing.time.sleep", lambda _: None)
    return store.folder


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "oracle"])
def test_no_failure_shows_a_password(in_store: Path, scheme: str, place: str) -> None:
    """Of any kind of URL, to any place that cannot be reached, from any command."""
    every = scheme == "postgresql" and place == "refused"
    for written, password in PASSWORDS.items():
        url = scheme + PLACES[place].format(password)
        for name in COMMANDS if every and written == "plain" else ("run", "source"):
            for debug in ([], ["--debug"]):
                code, said = told([*debug, *COMMANDS[name], url])
                assert SECRET not in said, (name, url, said)
                assert debug or code in (1, 2), (name, url, said)


@pytest.mark.parametrize("written", PASSWORDS)
def test_urls_are_shown_without_passwords(written: str) -> None:
    for form in PLACES.values():
        url = "postgresql" + form.format(PASSWORDS[written])
        assert SECRET not in hide_password(url) + place_of(url), url


def test_what_is_no_secret_is_shown() -> None:
    assert hide_password("duckdb:///data/a@b.duckdb") == "duckdb:///data/a@b.duckdb"
    assert hide_password("postgresql://h:5432/db") == "postgresql://h:5432/db"
    assert place_of("mysql://u@h:1/db?tls=required") == "mysql://h:1/db"


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[ShopDatabase]:
    made = ShopDatabase(request.param)
    yield made
    made.drop()


def test_a_wrong_password_is_not_shown(in_store: Path, database: ShopDatabase) -> None:
    """Nor is the one of the environment."""
    url = database.url_of(user="nobody_of_that_name", password=SECRET)
    for command in ("source", "stage", "simulate"):
        for debug in ([], ["--debug"]):
            code, said = told([*debug, *COMMANDS[command], url])
            assert SECRET not in said, said
            assert debug or code in (1, 2), said


def test_nothing_that_a_run_writes_has_a_password_in_it(
    in_store: Path, database: ShopDatabase
) -> None:
    """Source with a password: notes, book of runs, processed files, messages."""
    account = f"reader_{database.name}"
    database.fill()
    make = {
        "postgresql": [f"CREATE ROLE {account} LOGIN SUPERUSER PASSWORD '{SECRET}'"],
        "mysql": [
            f"CREATE USER {account}@'%' IDENTIFIED BY '{SECRET}'",
            f"GRANT ALL ON {database.name}.* TO {account}@'%'",
        ],
    }
    gone = {
        "postgresql": [f"DROP OWNED BY {account}", f"DROP ROLE {account}"],
        "mysql": [f"DROP USER {account}@'%'"],
    }
    database.run(*make[database.kind])
    try:
        url = database.url_of(user=account, password=SECRET)
        (in_store / "pipeline.toml").write_text(f'source = "{url}"\nraw = "landed"\n')
        code, said = told(["run", "--json", "--warehouse", "duckdb:///w.duckdb"])
        assert code == 0, said
        said += told(["stage", "--raw", "landed", "--to", url])[1]
        for command in (["status", "--json"], ["trace", "1", "--json"], ["report"]):
            code, more = told([*command, "--warehouse", "duckdb:///w.duckdb"])
            assert code == 0, more
            said += more
        assert "landed" in said
        assert SECRET not in said
        written = {p for p in in_store.rglob("*") if p.is_file() and p.name != "pipeline.toml"}
        assert {".json", ".csv", ".duckdb", ".html"} <= {p.suffix for p in written}
        for path in written:
            assert SECRET.encode() not in path.read_bytes(), path
        import duckdb

        with duckdb.connect(str(in_store / "w.duckdb"), read_only=True) as warehouse:
            settings = warehouse.execute("SELECT settings FROM runs").fetchall()
        assert account in json.dumps(settings)
        assert SECRET not in json.dumps(settings)
    finally:
        database.run(*gone[database.kind])


def test_a_password_of_the_settings_is_not_in_the_list_of_processes(in_store: Path) -> None:
    (in_store / "pipeline.toml").write_text(f'source = "mysql://a:{SECRET}@127.0.0.1:1/db"\n')
    command = [sys.executable, "-m", "data_pipeline", "run", "--raw", str(in_store / "raw")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MYSQL_PWD": SECRET}
    run = subprocess.Popen(
        command, cwd=in_store, env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    seen = 0
    while run.poll() is None:
        for process in os.scandir("/proc"):
            if process.name.isdigit():
                try:
                    with open(f"/proc/{process.name}/cmdline", "rb") as file:  # noqa: PTH123
                        line = file.read()
                except OSError:
                    continue
                seen += b"data_pipeline" in line and str(in_store).encode() in line
                assert SECRET.encode() not in line
        if seen > 3:
            run.kill()
    said = run.communicate()[1]
    assert seen
    assert SECRET.encode() not in said
