"""What is installed is what pyproject.toml says: pins, package data, the command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source_rules import PACKAGE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
LOCKS = ("requirements.txt", "requirements-dev.txt")
PYTHONS = ("3.11", "3.12", "3.13")


def environment_of(python: str) -> dict[str, str]:
    """What markers ask, for one Python on this platform."""
    here = {str(name): str(value) for name, value in default_environment().items()}
    return here | {"python_version": python, "python_full_version": f"{python}.0"}


def pins_of(lock: str, python: str) -> dict[str, Requirement]:
    """Name to pin, for one Python on this platform."""
    environment = environment_of(python)
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and line.strip()[0] != "#"]
    holding = [r for r in found if r.marker is None or r.marker.evaluate(environment)]
    pins = {str(canonicalize_name(requirement.name)): requirement for requirement in holding}
    assert len(pins) == len(holding), "two pins of one package hold at once"
    return pins


def asked_for(*extras: str) -> list[Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        for line in PROJECT["optional-dependencies"][extra]:
            own = Requirement(line)
            lines += map(str, asked_for(*own.extras)) if own.name == PROJECT["name"] else [line]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_as_asked(lock: str, python: str) -> None:
    pins = pins_of(lock, python)
    for requirement in asked_for(*(["dev"] if "dev" in lock else [])):
        if requirement.marker and not requirement.marker.evaluate(environment_of(python)):
            continue
        pin = pins[canonicalize_name(requirement.name)]
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), str(requirement)


@pytest.mark.parametrize("python", PYTHONS)
def test_tests_run_on_the_pins_of_the_run(python: str) -> None:
    run, dev = (pins_of(lock, python) for lock in LOCKS)
    assert {name: str(dev[name].specifier) for name in run} == {
        name: str(pin.specifier) for name, pin in run.items()
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_packages_and_no_places(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*-(?!c requirements)|@ ", text, re.MULTILINE)


def test_every_pin_has_the_hashes_of_its_files() -> None:
    """`make hashes` writes them anew."""
    text = (ROOT / "requirements-hashed.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        pin, *hashes = re.split(r"\s*\\\n\s*", block)
        assert hashes, block
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", h) for h in hashes), block
        pins[pin.replace(" ", "")] = hashes
    dev = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0] for line in dev.splitlines())
    assert {line.replace(" ", "") for line in lines if line.strip()} == set(pins)


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    """As CI installs: from requirements-hashed.txt, with --require-hashes."""
    text = (ROOT / "requirements-hashed.txt").read_text(encoding="utf-8")
    found = re.search(r"^iniconfig==(?:.*\\\n)*.*", text, re.MULTILINE)
    assert found
    sound = downloaded(found[0], tmp_path)
    if sound.returncode and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached")
    assert sound.returncode == 0, sound.stderr
    tampered = re.sub("sha256:.{8}", "sha256:00000000", found[0])
    refused = downloaded(tampered, tmp_path / "refused")
    assert refused.returncode
    assert "DO NOT MATCH THE HASHES" in refused.stderr


def downloaded(requirement: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Let pip download one requirement."""
    place.mkdir(exist_ok=True)
    asked = place / "asked.txt"
    asked.write_text(requirement, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    told = ["--no-input", "--no-cache-dir", "--dest", str(place), "--requirement", str(asked)]
    return subprocess.run([*command, *told], capture_output=True, text=True, check=False)


def test_every_file_of_the_package_is_installed() -> None:
    globs = PYPROJECT["tool"]["setuptools"]["package-data"][PACKAGE.name]
    files = (p.relative_to(PACKAGE) for p in PACKAGE.rglob("*") if p.is_file())
    data = [str(p) for p in files if p.suffix not in {".py", ".pyc"}]
    assert data
    assert [d for d in data if not any(fnmatch(d, g.replace("**/", "*")) for g in globs)] == []


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()] == []


def test_version_is_said_once() -> None:
    assert version(PROJECT["name"]) == PROJECT["version"]
    assert PROJECT["scripts"] == {"sales": f"{PACKAGE.name}.cli:main"}
