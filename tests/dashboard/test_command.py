"""`sales dashboard` as it is typed."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from data_pipeline.cli import cli
from data_pipeline.dashboard.recall import THREAD
from data_pipeline.dashboard.server import Place, listen
from data_pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.shop import Shop


@contextmanager
def running(*flags: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command in a process of its own, and the address that it prints."""
    command = [sys.executable, "-m", "data_pipeline", "dashboard", "--no-open", "--port", "0"]
    with subprocess.Popen(
        [*command, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert " is at http://" in line, line or process.communicate()[1]
            yield line.split(" is at ")[1].strip(), process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(20)


def fetch(url: str, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_serves_until_interrupted(shop: Shop) -> None:
    with running("--warehouse", shop.url, "--currency", "€") as (address, process):
        assert address.startswith("http://127.0.0.1:")
        assert fetch(f"{address}api/meta")[1]["currency"] == "€"
        assert fetch(f"{address}api/state", Host="evil.example")[0] == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr
        assert not process.stderr.read().strip(), "it ends as it was told; no run was interrupted"


def test_a_token_is_made_and_never_logged(shop: Shop) -> None:
    with running("--warehouse", shop.url, "--token") as (address, process):
        place, _, token = address.partition("?token=")
        assert len(token) >= 32
        assert fetch(f"{place}api/state")[0] == 401
        assert fetch(f"{place}api/state", Cookie=f"sales_dashboard={token}")[0] == 200
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        assert token not in rest + errors


def invoke(*flags: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["dashboard", "--no-open", *flags])
    assert isinstance(result.exception, ConfigError), result.output
    return result.exception.exit_code, str(result.exception)


def test_a_taken_port_is_named(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = invoke("--warehouse", shop.url, "--port", port)
    assert code == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in said
    assert "--port" in said


def test_an_address_for_others_needs_a_token(shop: Shop) -> None:
    assert "add --token" in invoke("--warehouse", shop.url, "--host", "0.0.0.0")[1]


@pytest.mark.parametrize("content", ["", "short", "has blanks in it, sixteen", "ünsafe-letters-16"])
def test_a_file_without_a_token_is_refused(shop: Shop, tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    assert "holds no token" in invoke("--warehouse", shop.url, "--token-file", str(file))[1]


def test_the_token_of_a_file_is_taken(tmp_path: Path) -> None:
    from data_pipeline.commands.dashboard import read_token

    file = tmp_path / "token"
    file.write_text("abcdefgh-1234567\n", encoding="utf-8")
    assert read_token(True, file) == "abcdefgh-1234567"
    assert read_token(False, None) is None
    assert read_token(True, None) != read_token(True, None)


def test_an_unknown_warehouse_is_refused_at_once() -> None:
    code, said = invoke("--warehouse", "oracle://scott:tiger@db/x")
    assert code == 2
    assert "unknown warehouse" in said
    assert "tiger" not in said


def test_without_the_extra_it_says_what_to_install(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    code, said = invoke("--warehouse", shop.url)
    assert code == 2
    assert "ecommerce-sales-pipeline[dashboard]" in said


@pytest.mark.parametrize(
    ("place", "address"),
    [
        (Place(), "http://127.0.0.1:8501/"),
        (Place("::1", 80), "http://[::1]:80/"),
        (Place("10.0.0.5", 9, "t"), "http://10.0.0.5:9/?token=t"),
        (Place("0.0.0.0", 9, "t"), f"http://{socket.gethostname()}:9/?token=t"),
    ],
)
def test_the_address_to_open(place: Place, address: str) -> None:
    assert place.address == address


def test_the_second_packet_of_an_answer_does_not_wait(shop: Shop) -> None:
    """asyncio sets TCP_NODELAY only on sockets that say that they are TCP."""
    with listen(Place(port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(("name", "said"), [(THREAD, "done"), ("another", "done\nand goes on")])
def test_it_does_not_wait_for_what_is_computed_ahead(name: str, said: str) -> None:
    """Such a thread is in C code, which an interpreter that ends under it makes abort."""
    program = f"""
import threading, time
from data_pipeline.commands.dashboard import end_at_once
threading.Thread(target=time.sleep, args=(60,), name={name!r}, daemon=True).start()
print("done")
end_at_once()
print("and goes on")
"""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env=buffered,
    )
    assert found.stdout.strip() == said
