"""What the documents tell people to type works, and what they point to is there.

The ```sh blocks of README.md and docs/ are run in order, document by document, each in a folder of
its own, with what is in .venv/bin on the path. Instead of `make run` a small store is simulated and
loaded; of other targets only that they exist is tested: this suite is one of them. A line that
needs what a test cannot have (a server, another machine) stands in a ```console block.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from data_pipeline.cli import cli
from tests.source_rules import ROOT

DOCUMENTS = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.name != "CHANGELOG.md"
)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SHOWN = re.compile(r"(?:^[$] |`)sales ((?:[^`\n\\]|\\\n)+)", re.MULTILINE)
"""A command in a console block, or in a sentence."""
NOT_RUN = ("git ", "cd ", "make", "pip ", "pytest", "source ", ".ci/")
"""Beginnings of lines that set things up, or run this very suite."""
INSTEAD = {"make run": "sales simulate --sales 2000 && sales run && sales charts"}

NEEDS_SERVER = {
    "databases.md": "tests/databases/test_docs_databases.py",
    "postgresql.md": "tests/test_docs_postgresql.py",
}
"""Documents whose commands are run elsewhere, where there is a server."""

ids = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


def commands_of(text: str) -> list[str]:
    """The lines of the sh blocks, without comments; a line that ends in a backslash goes on."""
    lines = "".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in lines)
    return [line for line in bare if line]


@ids
def test_commands_run(document: Path, tmp_path: Path) -> None:
    if elsewhere := NEEDS_SERVER.get(document.name):
        assert (ROOT / elsewhere).is_file()
        return
    commands = runnable(commands_of(document.read_text(encoding="utf-8")))
    for name in ("scripts", "notebooks"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALES_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for command in commands:
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


def runnable(commands: list[str]) -> list[str]:
    """What of the commands is run here, and as what."""
    bare = (INSTEAD.get(command, command.removeprefix(".venv/bin/")) for command in commands)
    return [command for command in bare if not command.startswith(NOT_RUN)]


def unknown_in(shown: str) -> str:
    """What of a command `sales` does not know, if anything; it is not run."""
    name, *words = shlex.split(shown.replace("\\\n", " "), comments=True)
    context = click.Context(cli)
    command = cli.get_command(context, name)
    if command is None:
        return name
    try:
        with suppress(click.BadOptionUsage):  # a sentence may leave the value out
            command.make_parser(context).parse_args(words)
    except click.NoSuchOption as error:
        return error.option_name
    return ""


@ids
def test_commands_that_are_shown_are_known(document: Path) -> None:
    shown = [text for text in SHOWN.findall(document.read_text(encoding="utf-8")) if text[0] != "-"]
    assert {text: said for text in shown if (said := unknown_in(text))} == {}


@ids
def test_make_targets_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for command in commands_of(document.read_text(encoding="utf-8")):
        if command.split()[0] == "make":
            asked = [word for word in command.split()[1:] if "=" not in word and word[0] != "-"]
            assert set(asked) <= targets, command


@ids
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_a_block_is_read_line_by_line() -> None:
    text = "```sh\nsales run   # all\n\n# why\nsales trace \\\n  5\n```\n```console\nnot run\n```\n"
    assert commands_of(text) == ["sales run", "sales trace    5"]


def test_what_is_not_known_is_caught() -> None:
    text = "`sales status`\n$ sales run --colour red\n$ sales run \\\n  --wait 5\n$ sales go\n"
    assert list(map(unknown_in, SHOWN.findall(text))) == ["", "--colour", "", "go"]


def test_what_is_run_and_what_is_not() -> None:
    given = ["git clone x", "make run", "make test", ".venv/bin/sales status", ".venv/bin/pytest"]
    assert runnable(given) == [INSTEAD["make run"], "sales status"]
