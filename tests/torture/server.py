"""The same kills on a PostgreSQL server: a schema for each worker, made anew for each kill."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.torture.forked import count_steps, in_child
from tests.torture.scenes import NO_STAR, Scene, digest_of, processed_files, run_to

if TYPE_CHECKING:
    from pathlib import Path

    from data_pipeline.warehouses.remote import Translated

WAIT_S = 60.0
"""The server needs a moment to see that a client is dead, and lets go of its lock then."""


@dataclass(frozen=True)
class ServerScene(Scene):
    """A scene whose warehouse is a schema. `base` are the raw files that were loaded before."""

    server: str = ""
    base: Path | None = None

    def url(self, place: Path) -> str:
        return url_of(self.server, place)

    def set_up(self, place: Path) -> None:
        super().set_up(place)
        in_child(self._set_up_schema, place)

    def _set_up_schema(self, place: Path) -> None:
        drop(self.server, place)
        if self.base:
            run_to(self.url(place), self.base, place)
            shutil.rmtree(place / "processed")
            shutil.copytree(self.before / "processed", place / "processed")

    def run(self, place: Path) -> None:
        run_to(self.url(place), self.raw, place, wait_s=WAIT_S)

    def digest(self, place: Path) -> str:
        return digest_of(self.url(place)) if has_schema(self.server, place) else NO_STAR


def url_of(server: str, place: Path) -> str:
    mark = "&" if "?" in server else "?"
    return f"{server}{mark}schema={schema_of(place)}"


def schema_of(place: Path) -> str:
    return f"torture_{place.parent.name[-12:]}_{place.name}".replace("-", "_").casefold()


def has_schema(server: str, place: Path) -> bool:
    there = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'runs'"
    return _rows(server, there, schema_of(place)) == [(1,)]


def drop(server: str, place: Path) -> None:
    """Remove the schema of a place; a dead client's transaction may still hold it a moment."""
    _rows(server, f'DROP SCHEMA IF EXISTS "{schema_of(place)}" CASCADE')


def _rows(server: str, sql: str, *values: str) -> list[tuple]:
    from data_pipeline.errors import WarehouseError
    from data_pipeline.postgres import Session

    session = Session(server, WarehouseError)
    try:
        return session.rows(sql, values)
    finally:
        session.close()


def make_server_scenes(scenes: dict[str, Scene], server: str, folder: Path) -> list[ServerScene]:
    """The scenes with their warehouse on the server; run undisturbed once, to see the outcome."""
    base = scenes["first"].raw
    drafts = [
        ServerScene(
            f"{kind} on PostgreSQL", scene.raw, scene.before, "", "", {}, 0.0, 0, 0,
            server=server, base=None if kind == "first" else base,
        )
        for kind, scene in scenes.items()
    ]  # fmt: skip
    for draft in drafts:
        _keep_translations(draft, folder / "server")
    return [_with_outcome(draft, folder / "server") for draft in drafts]


def _with_outcome(draft: ServerScene, place: Path) -> ServerScene:
    draft.set_up(place)
    old = in_child(draft.digest, place)
    begin = time.monotonic()
    in_child(draft.run, place)
    seconds, new = time.monotonic() - begin, in_child(draft.digest, place)
    processed = processed_files(place)
    draft.set_up(place)
    steps = in_child(count_steps, draft.run, place)
    assert old != new == in_child(draft.digest, place)
    in_child(drop, draft.server, place)
    return replace(draft, old=old, new=new, processed=processed, seconds=seconds, steps=steps)


def _keep_translations(scene: ServerScene, place: Path) -> None:
    """Translate once, here, what every run that is forked would translate anew."""
    from data_pipeline.warehouses.postgresql import PostgreSQLWarehouse as Wanted
    from data_pipeline.warehouses.remote import translate

    scene.set_up(place)
    for sql in in_child(_translated, scene, place):
        translate(sql, Wanted.dialect, Wanted.parameter, Wanted.adapt)


def _translated(scene: ServerScene, place: Path) -> list[str]:
    """Run; the statements that had to be translated."""
    from data_pipeline.warehouses.remote import RemoteWarehouse

    asked: list[str] = []
    translate = RemoteWarehouse.translate

    def noting(self: RemoteWarehouse, sql: str) -> Translated:
        asked.append(sql)
        return translate(self, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RemoteWarehouse, "translate", noting)
        scene.run(place)
        scene.digest(place)
    return asked
