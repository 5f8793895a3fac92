"""The commands of docs/databases.md, against real servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.databases.servers import ShopDatabase
from tests.source_rules import ROOT
from tests.test_docs import commands_of, runnable

URLS = {
    "postgresql": "postgresql://shop@localhost:5432/shop",
    "mysql": "mysql://shop@localhost:3306/shop",
}


def test_commands_run(postgres: ShopDatabase, mysql: ShopDatabase, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "databases.md").read_text(encoding="utf-8")
    commands = runnable(commands_of(text))
    assert len(commands) >= 9
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALES_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for command in commands:
        here = command
        for made in (postgres, mysql):
            here = here.replace(URLS[made.kind], made.url)
        done = subprocess.run(
            ["bash", "-c", here], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
