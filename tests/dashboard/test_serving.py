"""Answers are computed once, kept within bounds, stopped in time; long ones only after a click."""

from __future__ import annotations

import gzip
import json
import math
import threading
import time
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.dashboard import advance, keeping
from data_pipeline.dashboard import jobs as jobs_module
from data_pipeline.dashboard.answers.analyses import (
    answer_analysis,
    estimate_analysis,
    find_analysis,
)
from data_pipeline.dashboard.asking import AnalysisQuestion
from data_pipeline.dashboard.cost import estimate
from data_pipeline.dashboard.jobs import Jobs
from data_pipeline.dashboard.keeping import Keeper
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.dashboard.serving import LONG_S, Asked, Cache, Entry, Offer, Serving
from data_pipeline.dashboard.store import look
from data_pipeline.metrics import ask
from data_pipeline.metrics.columns import preparing, tables
from data_pipeline.warehouses import Access, open_warehouse
from tests.dashboard.client import RECALL_BYTES, Dashboard, open_dashboard
from tests.shop import every_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data_pipeline.dashboard.keeping import Kept
    from data_pipeline.dashboard.store import Store
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
        if threading.current_thread().name != "dashboard-recall":  # another dashboard's, ahead
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


@pytest.fixture
def recalling(shop: Shop) -> Iterator[tuple[Keeper, Kept]]:
    """A keeper with the sales in memory."""
    keeper = Keeper(
        lambda: open_warehouse(shop.url, Access(read_only=True, threads=1)),
        lambda warehouse: look(warehouse, currency="", timezone="UTC"),
        RECALL_BYTES,
    )
    kept = keeper.find(None)
    assert kept.store.recall.is_done.wait(60)
    yield keeper, kept
    keeper.close()


def test_what_is_computed_in_advance_waits_while_somebody_asks(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, asks, seen = threading.Event(), threading.Event(), list[bool]()
    when, start = list[float](), time.monotonic()

    def look_twice(
        _: object,
        __: object,
        ___: object,
        is_busy: Callable[[], bool],
        asked_at: Callable[[], float],
    ) -> None:
        for event in (ready, asks):
            assert event.wait(60)
            when.append(asked_at())
            seen.append(is_busy())
            event.clear()

    monkeypatch.setattr(keeping, "answer_in_advance", look_twice)
    keeper = Keeper(
        lambda: open_warehouse(shop.url, Access(read_only=True, threads=1)),
        lambda warehouse: look(warehouse, currency="", timezone="UTC"),
        RECALL_BYTES,
    )
    kept = keeper.find(None)
    ready.set()
    while not seen:
        time.sleep(0.01)
    with kept.reader(20):
        asks.set()
        while len(seen) < 2:
            time.sleep(0.01)
    keeper.close()
    assert seen == [False, True]
    assert when[0] < start <= when[1] <= time.monotonic()


@pytest.mark.parametrize(("seconds_ago", "pauses"), [(1, 3), (60, 0), (math.inf, 0)])
def test_what_is_computed_in_advance_takes_half_of_the_time_of_those_who_look(
    recalling: tuple[Keeper, Kept],
    monkeypatch: pytest.MonkeyPatch,
    seconds_ago: float,
    pauses: int,
) -> None:
    """When nobody does, all of it."""
    _, kept = recalling
    wait_for_advance()
    taken, paused = [0.25, 0.5, 0.25], list[float]()
    now = 1000.0

    def steps(*_: object) -> Iterator[Callable[[], None]]:
        yield from (partial(step, seconds) for seconds in taken)

    def step(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(advance, "_steps", steps)
    clock = SimpleNamespace(monotonic=lambda: now, sleep=paused.append)
    monkeypatch.setattr(advance, "time", clock)
    reader = kept.recalling(kept._warehouse)
    advance.answer_in_advance(
        reader, kept.store, lambda: True, lambda: False, lambda: now - seconds_ago
    )
    assert paused == taken[:pauses]


def wait_for_advance() -> None:
    """Until no dashboard computes ahead any more."""
    for thread in threading.enumerate():
        if thread.name == "dashboard-recall":
            thread.join(60)


def test_whole_lives_are_computed_in_advance_by_each_category_country_and_channel(
    recalling: tuple[Keeper, Kept],
) -> None:
    _, kept = recalling
    wait_for_advance()
    store = kept.store
    assert store.recall.columns
    codings = store.recall.columns.codings
    values = sum(len(codings[name].values) for name in advance.BY)
    names = Counter(key.split()[0] for key in store.remembered)
    assert names == dict.fromkeys(("cohorts", "rfm", "repeat_intervals", "order_values"), values)
    store.remembered.clear()
    with kept.reader(20) as reader:
        advance.answer_in_advance(kept.recalling(reader), store, lambda: False)
        assert not store.remembered, "it ends when the state of the data is no longer wanted"
        asked = iter([True, True, False])
        busy = partial(next, asked, False)
        advance.answer_in_advance(kept.recalling(reader), store, lambda: True, busy)
        assert next(asked, None) is None, "whoever asks comes first"
    assert len(store.remembered) == 4 * values


def test_memory_that_the_tables_took_is_given_back_before_the_answers(
    recalling: tuple[Keeper, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = recalling
    wait_for_advance()
    columns, done = kept.store.recall.columns, list[str]()
    assert columns
    steps = iter([partial(done.append, "table")])
    monkeypatch.setattr(type(columns), "prepare_parts", lambda _: steps)
    monkeypatch.setattr(advance, "give_back_freed_memory", partial(done.append, "given back"))
    monkeypatch.setattr(advance, "compute_analysis", lambda *_: done.append("answer"))
    with kept.reader(20) as reader:
        advance.answer_in_advance(kept.recalling(reader), kept.store, lambda: True)
    assert done[:3] == ["table", "given back", "answer"]


def test_two_filters_with_many_sales_are_answered_in_advance_too(
    recalling: tuple[Keeper, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = recalling
    wait_for_advance()
    columns, few = kept.store.recall.columns, len(kept.store.remembered)
    assert columns
    sizes = [int(columns.starts[-1]) // 20, 1]
    found = []
    for size in sizes:
        monkeypatch.setattr(advance, "MANY_SALES", size)
        found.append(len(advance.find_filters(columns)))
    assert few / 4 < found[0] < found[1]
    two = next(w for w in advance.find_filters(columns) if {*w} == {"channel", "country"})
    where = [f"{name}:{two[name][0]}" for name in ("country", "channel")]
    asked = AnalysisQuestion.model_validate({"where": where})
    with kept.reader(20) as reader:
        advance.answer_in_advance(kept.recalling(reader), kept.store, lambda: True)
        known = len(kept.store.remembered)
        assert known > few
        for name in ("rfm", "cohorts", "repeat_intervals"):
            answer_analysis(kept.recalling(reader), kept.store, name, asked)
    assert len(kept.store.remembered) == known


def test_long_answers_from_memory_are_offered_too(recalling: tuple[Keeper, Kept]) -> None:
    _, kept = recalling
    wait_for_advance()
    columns, shop = kept.store.recall.columns, kept.store
    assert columns
    many = replace(shop, rows=shop.rows | {"sales": 10**10}, remembered=OrderedDict())

    def seconds(store: Store, name: str, recalls: bool = True, **asked: Any) -> float:
        question = AnalysisQuestion.model_validate(asked)
        return estimate_analysis(find_analysis(name), question, store, recalls=recalls)

    one, two = ["category:Books"], ["category:Books", "channel:web"]
    of_days = ("age_groups", "basket_pairs", "concentration")
    for name in ("rfm", "cohorts", "repeat_intervals", *of_days):
        assert seconds(shop, name, where=two) < LONG_S / 100
        long, shorter = (seconds(many, name, where=where) for where in (one, two))
        assert long > shorter > LONG_S
        share = columns.share_of({"category": ["Books"]})
        assert long == pytest.approx(10_000 * find_analysis(name).recall_s * share)
        assert seconds(many, name, recalls=False, where=one) > long
    assert seconds(shop, "rfm", where=one) == 0, "it was computed in advance"
    assert seconds(many, "rfm") == 0, "loads keep it"
    days: dict[str, Any] = {"since": "2025-02-01", "until": "2025-02-10", "where": one}
    assert seconds(many, "age_groups", **days) < seconds(many, "age_groups", where=one)
    assert seconds(many, "rfm", **days) == seconds(many, "rfm", where=one), "it heeds no days"


def test_questions_to_the_memory_are_offered_when_many_sales_pass(
    recalling: tuple[Keeper, Kept],
) -> None:
    _, kept = recalling
    shop = kept.store
    many = replace(shop, rows=shop.rows | {"sales": 10**10})
    question = ask(["customers"], by=["hour"], where={"category": ["Books"]})
    found = estimate(question, many, None)
    assert found > LONG_S > estimate(question, shop, None) > 0
    assert estimate(question, many, None, recalls=False) > found
    assert estimate(ask(["net_sales"], by=["month"]), many, None) == 0, "sums are kept"
    in_part = ask(["net_sales", "customers"], by=["hour"], where={"category": ["Books"]})
    assert estimate(in_part, many, None) == found, "only the rest is computed"


def test_what_tables_count_is_not_offered(
    recalling: tuple[Keeper, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = recalling
    wait_for_advance()
    shop, columns = kept.store, kept.store.recall.columns
    assert columns
    many = replace(shop, rows=shop.rows | {"sales": 10**10})
    question = ask(["customers", "orders"], by=["month"], where={"category": ["Books"]})
    by_hour = ask(["customers", "orders"], by=["hour"], where={"category": ["Books"]})
    assert estimate(question, many, None) > LONG_S
    monkeypatch.setattr(tables, "SALES_A_CELL", 0)
    monkeypatch.setattr(preparing, "MOST_BYTES", 10**6)
    for step in columns.prepare_parts():
        step()
    assert estimate(question, many, None) == 0
    assert estimate(by_hour, many, None) > LONG_S


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
