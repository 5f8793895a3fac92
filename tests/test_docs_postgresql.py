"""What docs/postgresql.md tells people to type works, SQL and commands, in the order of the page.

In a database and with roles of the test's own: their names and the server's address are put in the
place of those in the text.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from data_pipeline.errors import WarehouseError
from data_pipeline.postgres import Session
from tests.postgres import needed_url
from tests.source_rules import ROOT
from tests.test_docs import commands_of

PAGE = ROOT / "docs" / "postgresql.md"
BLOCK = re.compile(r"^```(sql|sh)\n.*?^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "localhost:5432"


@pytest.fixture
def mark() -> Iterator[str]:
    """Ends the names of the database and of the roles; both are gone afterwards."""
    mark = uuid.uuid4().hex[:8]
    run_sql(needed_url(), f"CREATE DATABASE shop_{mark} ENCODING 'UTF8' TEMPLATE template0")
    yield mark
    run_sql(needed_url(), f"DROP DATABASE shop_{mark} WITH (FORCE)")
    for role in ("shop_loader", "shop_reader"):
        run_sql(needed_url(), f"DROP ROLE IF EXISTS {role}_{mark}")


def run_sql(url: str, *statements: str) -> None:
    session = Session(url, WarehouseError)
    try:
        for statement in statements:
            session.rows(statement)
    finally:
        session.close()


def put_names(text: str, mark: str, server: str) -> str:
    """The page's text with the test's names and server."""
    parts = urlsplit(server)
    query = f"?{parts.query}" if parts.query else "?"
    text = re.sub(
        rf"@{ADDRESS}/shop(\?)?", f"@{parts.netloc.rpartition('@')[2]}/shop{query}&", text
    )
    text = re.sub(r"\bshop_(loader|reader)\b", rf"shop_\1_{mark}", text)
    return re.sub(r"(DATABASE |/)shop\b", rf"\1shop_{mark}", text).replace("?&", "?")


def test_the_page_works_as_it_stands(mark: str, tmp_path: Path) -> None:
    server = needed_url()
    administrator = urlsplit(server)._replace(path=f"/shop_{mark}").geturl()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALES_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PGPASSWORD"] = "choose-one"
    seen = []
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        text = put_names(block[0], mark, server)
        seen.append(block[1])
        if block[1] == "sql":
            statements = text.strip("`").removeprefix("sql").split(";")
            run_sql(administrator, *(one for one in statements if one.strip()))
            continue
        if "shop_reader" in text:
            environment["PGPASSWORD"] = "another-one"
        for command in commands_of(text):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert "choose-one" not in done.stdout + done.stderr
    assert seen.count("sql") == 2
    assert seen.count("sh") == 3
