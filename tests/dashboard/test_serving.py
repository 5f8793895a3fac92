"""Answers are computed once, kept within bounds, stopped in time; long ones only after a click."""

from __future__ import annotations

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.dashboard import advance
from data_pipeline.dashboard import jobs as jobs_module
from data_pipeline.dashboard.jobs import Jobs
from data_pipeline.dashboard.keeping import Keeper
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.dashboard.serving import Asked, Cache, Entry, Offer, Serving
from data_pipeline.dashboard.store import look
from data_pipeline.warehouses import Access, open_warehouse
from tests.dashboard.client import RECALL_BYTES, Dashboard, open_dashboard
from tests.shop import every_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_pipeline.dashboard.keeping import Kept
    from tests.shop import Shop

SLOW = "SELECT COUNT(*) FROM sales AS a, sales AS b, sales AS c, sales AS d WHERE a.price < b.price"


@pytest.fixture
def kept(shop: Shop) -> Iterator[Kept]:
    keeper = Keeper(
        lambda: open_warehouse(shop.url, Access(read_only=True, threads=1)),
        lambda warehouse: look(warehouse, currency="", timezone="UTC"),
    )
    yield keeper.find(None)
    keeper.close()


def wait_for(serving: Serving, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while (told := serving.jobs.find(name).to_json())["state"] == "running":
        assert told["progress"] <= 0.95
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return told


def test_the_same_question_is_computed_once(kept: Kept) -> None:
    serving, computed = Serving(), []

    def compute(reader: Any, _: Any) -> dict[str, Any]:
        computed.append(1)
        time.sleep(0.2)
        return {"count": reader.rows("SELECT COUNT(*) FROM sales")[0][0]}

    with ThreadPoolExecutor(8) as pool:
        found = [
            f.result()
            for f in [pool.submit(serving.answer, kept, Asked("q", compute)) for _ in range(8)]
        ]
    assert len(computed) == 1
    assert len({entry.body for entry in found if isinstance(entry, Entry)}) == 1
    assert json.loads(found[0].body)["version"] == kept.store.version  # type: ignore[union-attr]


def test_more_questions_than_sessions_wait_for_their_turn(kept: Kept) -> None:
    serving, lock = Serving(), threading.Lock()
    now = most = 0

    def compute(reader: Any, _: Any) -> dict[str, Any]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(now, most)
        time.sleep(0.05)
        count = reader.rows("SELECT COUNT(*) FROM sales")[0][0]
        with lock:
            now -= 1
        return {"count": count}

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(serving.answer, kept, Asked(f"q{i}", compute)) for i in range(20)]
        counts = {json.loads(f.result().body)["count"] for f in asked}  # type: ignore[union-attr]
    assert len(counts) == 1
    assert 1 < most <= 4


@every_warehouse
def test_an_answer_that_takes_too_long_is_stopped(shop_with_sales: Shop) -> None:
    keeper = Keeper(
        lambda: open_warehouse(shop_with_sales.url, Access(read_only=True, threads=1)),
        lambda warehouse: look(warehouse, currency="", timezone="UTC"),
    )
    kept = keeper.find(None)
    serving = Serving(limit_s=0.3)
    start = time.monotonic()
    with pytest.raises(Refusal) as refused:
        serving.answer(kept, Asked("slow", lambda reader, _: {"n": reader.rows(SLOW)[0][0]}))
    assert refused.value.code == "too_slow"
    assert time.monotonic() - start < 10
    quick = Asked("quick", lambda reader, _: {"n": reader.rows("SELECT COUNT(*) FROM sales")[0][0]})
    answer = serving.answer(kept, quick)
    assert isinstance(answer, Entry), "the session serves on"
    keeper.close()


@pytest.fixture
def shop_with_sales(tmp_path: Any, house: Any) -> Shop:
    from tests.dashboard.raw import write_raw
    from tests.metrics.store import make_store
    from tests.shop import Shop

    shop = Shop(tmp_path, house).put(write_raw(make_store(orders=300)))
    shop.run()
    return shop


def test_a_long_answer_is_offered_then_computed_then_kept(kept: Kept) -> None:
    serving = Serving()

    def compute(reader: Any, _: Any) -> dict[str, Any]:
        return {"n": reader.rows("SELECT COUNT(*) FROM sales")[0][0]}

    offer = serving.answer(kept, Asked("long", compute, estimate_s=4.2))
    assert isinstance(offer, Offer)
    assert offer.payload["state"] == "offered"
    assert offer.payload["message"].endswith("sales, about 4 seconds.")
    begun = serving.answer(kept, Asked("long", compute, estimate_s=4.2, is_wanted=True))
    assert isinstance(begun, Offer)
    assert begun.payload["state"] in {"running", "done"}
    assert wait_for(serving, begun.payload["job"])["progress"] == 1
    for is_wanted in (True, False):
        done = serving.answer(kept, Asked("long", compute, 4.2, is_wanted))
        assert isinstance(done, Entry)
    serving.jobs.close()


def test_a_long_answer_that_fails_says_so_and_can_be_asked_again(kept: Kept) -> None:
    serving, fails = Serving(), [True]

    def compute(reader: Any, _: Any) -> dict[str, Any]:
        if fails:
            raise ValueError("secret place")
        return {}

    asked = Asked("long", compute, 9.0, is_wanted=True)
    begun = serving.answer(kept, asked)
    assert isinstance(begun, Offer)
    told = wait_for(serving, begun.payload["job"])
    assert told["state"] == "failed"
    assert told["error"]["message"] == "ValueError"
    fails.clear()
    again = serving.answer(kept, asked)
    assert isinstance(again, Offer)
    wait_for(serving, again.payload["job"])
    assert isinstance(serving.answer(kept, asked), Entry)
    serving.jobs.close()


def test_long_answers_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "MOST_REMEMBERED", 10)
    jobs, gate = Jobs(), threading.Event()

    def wait() -> None:
        assert gate.wait(20)

    running = [jobs.start(f"q{i}", wait, 5.0) for i in range(8)]
    assert jobs.start("q3", gate.clear, 5.0) is running[3], "the same question has one job"
    with pytest.raises(Refusal) as refused:
        jobs.start("one too many", gate.clear, 5.0)
    assert refused.value.code == "too_many"
    gate.set()
    deadline = time.monotonic() + 20
    while any(job.state == "running" for job in running):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for i in range(12):
        jobs.start(f"later{i}", gate.set, 0.1)
        while jobs.find_by_key(f"later{i}").state == "running":  # type: ignore[union-attr]
            time.sleep(0.005)
    with pytest.raises(Refusal, match="not known"):
        jobs.find(running[0].name)
    jobs.close()


def test_the_memory_of_answers_is_bounded() -> None:
    cache = Cache(most_bytes=10_000)
    for i in range(50):
        cache.put(f"q{i}", Entry(b"x" * 1000, f'"{i}"'))
        cache.get("q0")
    assert len(cache) == 5
    assert cache.get("q0"), "what is asked for stays"
    assert cache.get("q49")
    assert cache.get("q45") is None
    cache.put("q0", Entry(b"y" * 500, '"new"'))
    assert len(cache) == 5
    cache.put("huge", Entry(b"x" * 1_000_000, '"h"'))
    assert len(cache) == 1, "one answer may be larger than all"


def test_answers_of_a_version_are_kept_by_browsers(dashboard: Dashboard) -> None:
    version = dashboard.ask("/api/state")["version"]
    named = dashboard.get("/api/query", metric="orders", by="day", v=version)
    assert named.headers["cache-control"] == "private, max-age=86400, immutable"
    assert named.headers["x-data-version"] == version
    newest = dashboard.get("/api/query", metric="orders", by="day")
    assert newest.headers["cache-control"] == "private, no-cache"
    assert newest.headers["etag"] == named.headers["etag"]
    same = dashboard.client.get(
        "/api/query?metric=orders&by=day", headers={"if-none-match": newest.headers["etag"]}
    )
    assert (same.status_code, same.content) == (304, b"")
    for path in ("/api/state", "/api/nothing", "/api/query?metric=x"):
        assert dashboard.client.get(path).headers["cache-control"] == "no-store"


def test_answers_are_packed_where_it_pays(dashboard: Dashboard) -> None:
    def fetch(path: str, accepts: str) -> Any:
        with dashboard.client.stream("GET", path, headers={"accept-encoding": accepts}) as answer:
            return answer.headers, b"".join(answer.iter_raw())

    headers, packed = fetch("/api/query?metric=orders&by=day", "gzip, br")
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    _, plain = fetch("/api/query?metric=orders&by=day", "identity")
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3
    headers, _ = fetch("/api/query?metric=orders", "gzip")
    assert "content-encoding" not in headers


def test_what_would_take_long_is_offered_over_http(shop: Shop) -> None:
    with open_dashboard(shop.url, serving=Serving(long_s=-1.0)) as dashboard:
        path, question = "/api/analyses/rfm", {"where": "category:Books"}
        offered = dashboard.get(path, **question)
        assert offered.status_code == 202
        assert offered.json()["cost"] == "long"
        assert offered.headers["cache-control"] == "no-store"
        begun = dashboard.get(path, **question, compute=1).json()
        told = dashboard.ask(f"/api/jobs/{begun['job']}")
        deadline = time.monotonic() + 20
        while told["state"] == "running" and time.monotonic() < deadline:
            told = dashboard.ask(f"/api/jobs/{begun['job']}")
        assert told["state"] == "done"
        assert dashboard.ask(path, **question)["analysis"] == "rfm"


def test_an_error_nobody_foresaw_shows_no_insides(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from data_pipeline.dashboard.answers import quality

    def fail(*_: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(quality, "balance", fail)
    with open_dashboard(shop.url) as dashboard:
        answer = dashboard.get("/api/quality")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "failed"
    assert "1234" not in answer.text
    assert "the password is 1234" in caplog.text


def test_what_looks_at_all_sales_is_computed_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_pipeline.dashboard.answers import analyses, customers
    from data_pipeline.metrics import behaviour

    computed = []

    def rfm_segments(reader: Any, **limits: Any) -> Any:
        computed.append(limits)
        return behaviour.rfm_segments(reader, **limits)

    monkeypatch.setattr(analyses, "MOST_REMEMBERED", 2)
    monkeypatch.setattr(customers, "rfm_segments", rfm_segments)
    with open_dashboard(shop.url) as dashboard:
        for day in ("2025-01-01", "2025-02-01", "2025-03-01"):
            answer = dashboard.ask("/api/analyses/rfm", since=day)
            assert answer["ignored"] == ["since"]
            assert answer["source"]["relation"] == "agg_customers"
        assert "SELECT" in dashboard.ask("/api/explain", analysis="rfm")["sql"]
        assert len(computed) == 1
        assert dashboard.ask("/api/analyses/rfm", where="category:Toys")["ignored"] == []
        dashboard.ask("/api/analyses/rfm", where="category:Toys", until="2025-02-01")
        assert len(computed) == 2, "no period makes another answer of it"
        for name in ("age_groups", "cohorts", "repeat_intervals"):
            dashboard.ask(f"/api/analyses/{name}")
        dashboard.ask("/api/analyses/rfm", until="2025-01-01")
        assert len(computed) == 3, "only so many are remembered"


def test_whole_lives_are_computed_in_advance_by_each_category_country_and_channel(
    shop: Shop,
) -> None:
    keeper = Keeper(
        lambda: open_warehouse(shop.url, Access(read_only=True, threads=1)),
        lambda warehouse: look(warehouse, currency="", timezone="UTC"),
        RECALL_BYTES,
    )
    store = keeper.find(None).store
    assert store.recall.is_done.wait(60)
    assert store.recall.columns
    codings = store.recall.columns.codings
    values = sum(len(codings[name].values) for name in advance.BY)
    deadline = time.monotonic() + 60
    while len(store.remembered) < 3 * values:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert {key.split()[0] for key in store.remembered} == {"cohorts", "rfm", "repeat_intervals"}
    store.remembered.clear()
    kept = keeper.find(None)
    with kept.reader(20) as reader:
        advance.answer_in_advance(kept.recalling(reader), store, lambda: False)
    keeper.close()
    assert not store.remembered, "it ends when the state of the data is no longer wanted"


def test_without_the_sales_in_memory_nothing_is_computed_in_advance(kept: Kept) -> None:
    with kept.reader(20) as reader:
        advance.answer_in_advance(kept.recalling(reader), kept.store, lambda: True)
    assert not kept.store.remembered


@pytest.mark.parametrize("recalls", [False, True])
def test_sums_come_from_tables_of_sums_and_the_rest_from_memory(shop: Shop, recalls: bool) -> None:
    with open_dashboard(shop.url, recalls=recalls) as dashboard:
        asked = {"metric": ["net_sales", "customers"], "by": "channel", "where": "country:Spain"}
        answer = dashboard.ask("/api/query", **asked)
        found = dashboard.ask("/api/query", **asked | {"metric": ["customers"]})
    relation = "sales in memory, agg_sales" if recalls else "sales"
    assert answer["source"]["relation"] == relation
    assert [row[:1] + row[2:] for row in answer["rows"]] == found["rows"]


def test_a_question_with_too_many_groups_is_refused(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_pipeline.dashboard.answers import query

    monkeypatch.setattr(query, "MOST_GROUPS", 500)
    asked = {"metric": "free_units", "by": ["product", "day"]}
    assert dashboard.refusal("/api/query", **asked)[:2] == (413, "too_large")
    assert dashboard.refusal("/api/query.csv", **asked)[:2] == (413, "too_large")
    assert dashboard.ask("/api/query", **asked, since="2025-01-01", until="2025-01-03")


def test_a_warehouse_that_fails_is_a_state(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from data_pipeline.dashboard.answers import quality
    from data_pipeline.errors import WarehouseError

    def fail(*_: object) -> None:
        raise WarehouseError("the connection is lost")

    monkeypatch.setattr(quality, "balance", fail)
    with open_dashboard(shop.url) as dashboard:
        refused = dashboard.refusal("/api/quality")
    assert refused == (503, "unreachable", "the connection is lost")
