"""The dashboard without a network: a client that asks the guarded app."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from data_pipeline.dashboard.server import Place, Shop, make_dashboard
from data_pipeline.warehouses import Access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response

    from data_pipeline.dashboard.serving import Serving

RECALL_BYTES = 2**30
BASE = "http://127.0.0.1:8501"


@dataclass
class Dashboard:
    """What tests ask."""

    client: TestClient

    def get(self, path: str, **parameters: Any) -> Response:
        return self.client.get(path, params=parameters, follow_redirects=False)

    def ask(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The JSON of an answer that must be there."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def refusal(self, path: str, **parameters: Any) -> tuple[int, str, str]:
        """Status, code and message of an answer that is none."""
        answer = self.get(path, **parameters)
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "remedy"}
        return answer.status_code, error["code"], error["message"]


@contextmanager
def open_dashboard(
    url: str,
    *,
    currency: str = "",
    timezone: str = "UTC",
    place: Place | None = None,
    serving: Serving | None = None,
    recalls: bool = False,
) -> Iterator[Dashboard]:
    """A dashboard over the warehouse at `url`; one that recalls has the sales in memory already."""
    access = Access(read_only=True, memory_limit="500MB", threads=1)
    shop = Shop(url, access, currency, timezone, RECALL_BYTES if recalls else 0)
    app = make_dashboard(shop, place or Place(), serving)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        if recalls:
            wait_for_memory(app, client)
        yield Dashboard(client)


def wait_for_memory(app: Any, client: TestClient) -> None:
    """Until the sales of the newest version are in memory."""
    assert client.get("/api/state").json()["state"] == "ready"
    kept = app._app.state.desk.keeper.newest()[1]  # behind the guard
    assert kept.store.recall.is_done.wait(60)
    assert kept.store.recall.columns


READ = {
    "money": Decimal,
    "share": Decimal,
    "number": Decimal,
    "count": int,
    "whole": int,
    "day": str,
    "text": str,
}


def rows_of(frame: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows with their values read back as what they are."""
    kinds = [READ[field["kind"]] for field in frame["fields"]]
    return [
        tuple(
            None if value is None else kind(value) for value, kind in zip(row, kinds, strict=True)
        )
        for row in frame["rows"]
    ]


def column_of(frame: dict[str, Any], name: str) -> list[Any]:
    place = [field["name"] for field in frame["fields"]].index(name)
    return [row[place] for row in rows_of(frame)]
