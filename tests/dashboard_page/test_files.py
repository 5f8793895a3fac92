"""The page's own files: small, nothing inline, nothing from elsewhere, the bundle as built."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "data_pipeline/dashboard/static"
OWN = sorted(path for path in (STATIC / "js").rglob("*.js"))
MOST_BYTES = 500_000


def test_the_page_weighs_less_than_500_kb() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file() and path.suffix != ".txt"]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < MOST_BYTES


def test_nothing_is_inline() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert re.findall(r"<script[^>]*>[^<]", page) == []


def test_every_module_is_named_in_the_page() -> None:
    """So that the browser fetches them at once, and not one after the other."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'"/static/([^"]+[.]js)"', page))
    assert named == {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_code_takes_no_short_cut(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert banned not in text
    assert not re.search(r"setAttribute\(['\"]style", text)
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}
    assert len(text.splitlines()) <= 300


def test_the_bundle_asks_nobody() -> None:
    text = (STATIC / "vendor/echarts.js").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([\w.]+)", text)) <= {"www.w3.org"}
    assert "new Function" not in text


def test_bundle_licence_and_lock_file_agree() -> None:
    lock_text = (ROOT / "frontend/package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(lock_text)["packages"]
    head = (STATIC / "vendor/echarts.js").read_text(encoding="utf-8")[:200]
    licence = (STATIC / "vendor/echarts.LICENSE.txt").read_text(encoding="utf-8")
    for name in ("echarts", "zrender", "tslib"):
        version = lock[f"node_modules/{name}"]["version"]
        assert f"{name} {version}" in head
        assert f"{name} {version}" in licence
    assert "Apache License" in licence
    assert "http" not in re.sub(r'"url": "[^"]*"', "", lock_text), "no registry is named"
