"""The page's own files: named by their content, packed, and nothing outside of their folder."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from data_pipeline.dashboard.pages import Pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboard.client import Dashboard

SHELL = b'<link href="/static/a.css"><script src="/static/js/main.js"></script>'


def make_folder(folder: Path) -> Path:
    (folder / "js").mkdir()
    (folder / "index.html").write_bytes(SHELL)
    (folder / "a.css").write_bytes(b"body { color: red }" * 50)
    (folder / "js" / "main.js").write_bytes(b"import './b.js'")
    (folder / "secret.py").write_bytes(b"no")
    return folder


def test_the_shell_names_its_files_by_their_content(tmp_path: Path) -> None:
    pages = Pages(make_folder(tmp_path))
    shell = pages.shell.body.decode()
    assert shell.count(f'"/static/{pages.build}/') == 2
    file, is_named = pages.find(f"{pages.build}/js/main.js") or (None, False)
    assert file
    assert is_named
    assert file.kind.startswith("text/javascript")
    assert pages.find("a.css") == (pages.find(f"{pages.build}/a.css")[0], False)  # type: ignore[index]
    (tmp_path / "a.css").write_bytes(b"body { color: blue }")
    assert Pages(tmp_path).build != pages.build


def test_files_are_packed_where_it_pays(tmp_path: Path) -> None:
    pages = Pages(make_folder(tmp_path))
    long, short = pages.find("a.css"), pages.find("js/main.js")
    assert long
    assert short
    assert long[0].packed
    assert gzip.decompress(long[0].packed) == long[0].body
    assert short[0].packed is None


def test_nothing_else_is_served(tmp_path: Path) -> None:
    pages = Pages(make_folder(tmp_path))
    for path in ("secret.py", "../secret.py", "", "js", f"{pages.build}/", "/etc/passwd"):
        assert pages.find(path) is None


def test_every_page_is_the_shell(dashboard: Dashboard) -> None:
    first = dashboard.get("/")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    for path in ("/overview", "/products", "/customers", "/behaviour", "/quality"):
        assert dashboard.get(path).content == first.content
    again = dashboard.client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_every_file_that_the_shell_names_is_there_for_ever(dashboard: Dashboard) -> None:
    import re

    names = re.findall(r'"(/static/[^"]+)"', dashboard.get("/").text)
    for name in names:
        answer = dashboard.get(name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
