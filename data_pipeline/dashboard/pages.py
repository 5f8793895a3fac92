"""The page's own files, in memory, packed once, named so that a browser may keep them for ever."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2s
from importlib import resources
from pathlib import Path
from types import MappingProxyType

TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".webmanifest": "application/manifest+json",
        ".svg": "image/svg+xml",
        ".png": "image/png",
        ".ico": "image/x-icon",
        ".woff2": "font/woff2",
        ".txt": "text/plain; charset=utf-8",
        ".map": "application/json",
    }
)
"""Ending to type; a file with another one is not served."""

SHELL = "index.html"
PREFIX = "/static/"


@dataclass(frozen=True)
class File:
    """A file as it goes over the wire."""

    body: bytes
    kind: str
    etag: str

    @cached_property
    def packed(self) -> bytes | None:
        """The same in gzip; None when that does not pay."""
        small = gzip.compress(self.body, 9, mtime=0)
        return small if len(small) < len(self.body) else None


class Pages:
    """All files of a folder, by path below it. `build` names their content as a whole."""

    def __init__(self, folder: Path) -> None:
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in TYPES
        }
        whole = blake2s(digest_size=8)
        for name, body in found.items():
            whole.update(f"{name} {len(body)} ".encode() + body)
        self.build = whole.hexdigest()
        self._files = {name: _file(name, body) for name, body in found.items()}
        shell = found.get(SHELL, b"").replace(
            b'"' + PREFIX.encode(), b'"' + f"{PREFIX}{self.build}/".encode()
        )
        self.shell = _file(SHELL, shell)

    def find(self, path: str) -> tuple[File, bool] | None:
        """The file at a path below /static/, and whether its name says which build it is of."""
        first, _, rest = path.partition("/")
        name, is_named = (rest, True) if first == self.build else (path, False)
        file = self._files.get(name)
        return (file, is_named) if file else None


def own_pages() -> Pages:
    """The files that come with the package."""
    with resources.as_file(resources.files("data_pipeline.dashboard") / "static") as folder:
        return Pages(folder)


def _file(name: str, body: bytes) -> File:
    etag = f'"{blake2s(body, digest_size=12).hexdigest()}"'
    return File(body, TYPES[Path(name).suffix], etag)
