"""Who may ask, and how much; and that nothing of the data can act on a page."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from data_pipeline.dashboard.guard import CONTENT_SECURITY_POLICY
from data_pipeline.dashboard.server import Place
from data_pipeline.errors import ConfigError
from tests.dashboard.client import Dashboard, open_dashboard
from tests.dashboard.raw import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.shop import Shop

TOKEN = "f3Vd-8xQ_2mZ7kL0"
PATHS = ("/", "/quality", "/api/state", "/api/meta", "/static/nothing.js", "/api/nothing")


@contextmanager
def closed(shop: Shop) -> Iterator[Dashboard]:
    with open_dashboard(shop.url, place=Place("0.0.0.0", token=TOKEN, names=("till",))) as opened:
        yield opened


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_what_a_page_could_do(dashboard: Dashboard, path: str) -> None:
    headers = dashboard.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8501", "localhost:9", "LOCALHOST", "[::1]:8501", "[::1]"],
)
def test_names_of_this_machine_are_let_in(dashboard: Dashboard, host: str) -> None:
    assert dashboard.client.get("/api/state", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", "", "[::2]", "localhost@x"],
)
def test_another_name_that_points_here_is_refused(dashboard: Dashboard, host: str) -> None:
    for path in PATHS:
        answer = dashboard.client.get(path, headers={"host": host})
        assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "wrong_host"


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(shop: Shop, path: str) -> None:
    with closed(shop) as dashboard:
        for parameters in ({}, {"token": ""}, {"token": TOKEN[:-1]}, {"token": TOKEN + "x"}):
            assert dashboard.get(path, **parameters).status_code == 401
        for cookie in ("sales_dashboard=wrong", "sales_dashboard=", "x=\x00", ";;;"):
            answer = dashboard.client.get(path, headers={"cookie": cookie})
            assert answer.status_code == 401
        assert TOKEN not in answer.text


def test_the_token_moves_from_the_address_into_a_cookie(shop: Shop) -> None:
    with closed(shop) as dashboard:
        first = dashboard.get("/products", where=["category:Bücher & Co", "x:="], token=TOKEN)
        assert first.status_code == 303
        place = first.headers["location"]
        assert place == "/products?where=category%3AB%C3%BCcher+%26+Co&where=x%3A%3D"
        assert first.headers["cache-control"] == "no-store"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert dashboard.client.get(place).status_code == 200
        assert dashboard.ask("/api/state")["state"] == "ready"
        dashboard.client.cookies.clear()
        assert dashboard.get("/api/state").status_code == 401


def test_a_redirect_never_leaves_the_server(shop: Shop) -> None:
    with closed(shop) as dashboard:
        for path in ("//evil.example/", "/\\evil.example"):
            answer = dashboard.client.get(
                f"http://till{path}?token={TOKEN}", follow_redirects=False
            )
            place = answer.headers.get("location", "/")
            assert place.startswith("/")
            assert not place.startswith(("//", "/\\"))


def test_a_parameter_that_only_looks_like_the_token_is_none(shop: Shop) -> None:
    with closed(shop) as dashboard:
        assert dashboard.get("/api/state", my_token=TOKEN).status_code == 401
        dashboard.client.cookies.set("sales_dashboard", TOKEN)
        assert dashboard.get("/api/state", my_token=1).status_code == 200


def test_others_may_look_only_with_a_token(shop: Shop) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "till.local"):
        with (
            pytest.raises(ConfigError, match="add --token"),
            open_dashboard(shop.url, place=Place(host)),
        ):
            pass
    for host in ("127.0.0.1", "127.8.8.8", "localhost", "::1"):
        with open_dashboard(shop.url, place=Place(host)) as dashboard:
            name = f"[{host}]" if ":" in host else host
            found = dashboard.client.get("/api/state", headers={"host": name})
            assert found.status_code == 200


def test_the_machine_is_known_by_the_names_it_was_given(shop: Shop) -> None:
    with closed(shop) as dashboard:
        dashboard.client.cookies.set("sales_dashboard", TOKEN)
        for host, status in (("till:8501", 200), ("0.0.0.0:8501", 200), ("evil", 403)):
            answer = dashboard.client.get("/api/state", headers={"host": host})
            assert answer.status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/query", "/static/x.js"])
def test_one_can_only_get(dashboard: Dashboard, method: str, path: str) -> None:
    answer = dashboard.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


def test_long_addresses_and_bodies_are_refused(dashboard: Dashboard) -> None:
    assert dashboard.refusal("/api/query", metric="x" * 9000)[:2] == (413, "too_large")
    answer = dashboard.client.request("GET", "/api/state", content=b"x")
    assert answer.status_code == 413
    streamed = dashboard.client.request("GET", "/api/state", content=iter([b"x"]))
    assert streamed.status_code == 413


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_values_and_nothing_else(dashboard: Dashboard, name: str) -> None:
    answer = dashboard.get("/api/query", metric="units", by="product", where=f"category:{name}")
    assert answer.headers["content-type"] == "application/json"
    json.loads(answer.text)
    found = dashboard.ask("/api/analyses/products", search=name, limit=500)
    rows = found["frames"]["products"]["rows"]
    assert [row[1] for row in rows] == [name, name]
    assert dashboard.ask("/api/meta")["rows"]["sales"] > 0, "nothing was dropped"


def test_what_a_reader_may_not_do_the_sessions_refuse(shop: Shop) -> None:
    import duckdb

    from data_pipeline.warehouses import Access, open_warehouse

    with open_warehouse(shop.url, Access(read_only=True)) as warehouse:
        session = warehouse.session()
        for sql in ("DELETE FROM sales", "CREATE TABLE x (a INTEGER)", "DROP TABLE sales"):
            with pytest.raises(duckdb.Error, match="read-only"):
                session.rows(sql)
        session.close()
