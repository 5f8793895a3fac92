"""The analyses are what plain Python makes of the same rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.metrics import behaviour, query
from data_pipeline.metrics.baskets import _framed, basket_pairs
from data_pipeline.metrics.change import Period, decompose, shapley
from tests.metrics import oracle

if TYPE_CHECKING:
    from data_pipeline.metrics import Reader, Row
    from tests.metrics.oracle import Line
    from tests.metrics.store import Store

SHARE, MONEY = oracle.SHARE, oracle.MONEY


def buying_days(lines: list[Line]) -> dict[int, list[date]]:
    days: dict[int, set[date]] = defaultdict(set)
    for line in oracle.sold(lines):
        if line.sale.customer_id:
            days[line.sale.customer_id].add(line.day)
    return {customer: sorted(found) for customer, found in days.items()}


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Kiritimati"])
def test_cohort_retention(reader: Reader, store: Store, timezone: str) -> None:
    counts: Counter[tuple[date, int]] = Counter()
    for days in buying_days(oracle.make_lines(store, timezone)).values():
        first = days[0].replace(day=1)
        counts.update(
            {(first, (day.year - first.year) * 12 + day.month - first.month): 1 for day in days}
        )
    expected = [
        (cohort, months, n, oracle.over(n, counts[cohort, 0], SHARE))
        for (cohort, months), n in sorted(counts.items())
    ]
    assert list(behaviour.cohort_retention(reader, timezone=timezone).rows) == expected


def test_months_that_are_not_over_are_left_out(reader: Reader) -> None:
    frame = behaviour.cohort_retention(reader)
    kept = behaviour.whole_months(frame, date(2025, 11, 29))
    assert 0 < len(kept) < len(frame)
    latest = max(c.year * 12 + c.month - 1 + m for c, m, *_ in kept.rows)
    assert latest == 2025 * 12 + 10 - 1
    whole = behaviour.whole_months(frame, date(2025, 11, 30))
    assert max(c.year * 12 + c.month - 1 + m for c, m, *_ in whole.rows) == 2025 * 12 + 11 - 1


def test_repeat_intervals(reader: Reader, store: Store) -> None:
    days = buying_days(oracle.make_lines(store))
    steps = sorted((b - a).days for found in days.values() for a, b in pairwise(found))
    frame = behaviour.repeat_intervals(reader)
    assert list(frame.rows) == sorted(Counter(steps).items())
    assert behaviour.median_of(frame) == steps[(len(steps) - 1) // 2]


def fifth(rank: int, everybody: int) -> int:
    """The score of somebody before whom `rank` others stand."""
    return 1 + rank * 5 // everybody


def segment(recency: int, frequency: int) -> str:
    if frequency >= 4:
        return {5: "Champions", 4: "Loyal", 3: "Loyal"}.get(
            recency, "Cannot lose them" if frequency == 5 else "At risk"
        )
    if recency >= 4:
        once = "New" if recency == 5 else "Promising"
        return "Potential loyalists" if frequency >= 2 else once
    if recency == 3:
        return "Need attention" if frequency == 3 else "About to sleep"
    return "At risk" if frequency == 3 else "Hibernating"


def test_rfm_segments(reader: Reader, store: Store) -> None:
    lines = oracle.make_lines(store)
    days = buying_days(lines)
    own = {c: [x for x in lines if x.sale.customer_id == c] for c in days}
    orders = {c: oracle.orders(found) for c, found in own.items()}
    counts: dict[str, list] = defaultdict(lambda: [0, 0, Decimal(0)])
    for c, found in own.items():
        recency = fifth(sum(days[o][-1] < days[c][-1] for o in days), len(days))
        frequency = fifth(sum(orders[o] < orders[c] for o in days), len(days))
        entry = counts[segment(recency, frequency)]
        entry[0] += 1
        entry[1] += orders[c]
        entry[2] += oracle.net_sales(found)
    frame = behaviour.rfm_segments(reader)
    expected = {(n, *v, oracle.over(v[2], v[0], MONEY)) for n, v in counts.items()}
    assert set(frame.rows) == expected
    assert {row[0] for row in frame.rows} <= set(behaviour.RFM_ACTIONS)
    assert list(frame["net_sales"]) == sorted(frame["net_sales"], reverse=True)


@pytest.mark.parametrize("item", ["product", "customer"])
def test_abc_and_concentration(reader: Reader, store: Store, item: str) -> None:
    lines = oracle.make_lines(store)
    groups: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        groups[getattr(line.sale, f"{item}_id")].append(line)
    groups.pop(0, None)
    ranked = sorted(
        ((oracle.net_sales(g), -i) for i, g in groups.items() if oracle.sold(g)), reverse=True
    )
    total, before = sum(money for money, _ in ranked), Decimal(0)
    classes: dict[str, list] = defaultdict(lambda: [0, Decimal(0)])
    for money, _ in ranked:
        name = "C"
        if money > 0:
            name = "A" if before < total * 80 / 100 else "B" if before < total * 95 / 100 else "C"
        classes[name][0] += 1
        classes[name][1] += money
        before += money
    curve, abc = behaviour.concentration(reader, item)
    assert list(abc.rows) == [
        (n, *classes[n], oracle.over(classes[n][1], total, SHARE)) for n in sorted(classes)
    ]
    for best, so_far, _ in curve.rows:
        count = round(best * len(ranked))
        assert so_far == sum((money for money, _ in ranked[:count]), Decimal(0))
    assert curve.rows[-1][0] == curve.rows[-1][2] == 1


def test_basket_pairs(reader: Reader, store: Store) -> None:
    lines = oracle.sold(oracle.make_lines(store))
    baskets: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        if line.sale.order_id:
            baskets[line.sale.order_id].add(line.product.product_id)
    with_one = Counter(p for basket in baskets.values() for p in basket)
    together = Counter(
        pair for basket in baskets.values() for pair in combinations(sorted(basket), 2)
    )
    n = oracle.orders(lines)
    names = {p.product_id: p.name for p in store.products}
    expected = {
        (
            a,
            names[a],
            b,
            names[b],
            both,
            oracle.over(both, n, SHARE),
            oracle.over(both, with_one[a], SHARE),
            oracle.over(both, with_one[b], SHARE),
            oracle.over(both * n, with_one[a] * with_one[b], MONEY),
        )
        for (a, b), both in together.items()
        if both >= 3
    }
    frame = basket_pairs(reader, min_orders=3, count=10_000)
    assert set(frame.rows) == expected
    assert expected
    assert list(frame["lift"]) == sorted(frame["lift"], reverse=True)


def test_pairs_look_at_the_most_sold_products_only(reader: Reader) -> None:
    few = basket_pairs(reader, min_orders=1, count=10_000, most=5)
    assert len({*few["first_id"], *few["second_id"]}) <= 5
    assert len(few) <= 10


def test_age_groups(reader: Reader, store: Store) -> None:
    lines = oracle.make_lines(store)
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.sale.customer_id:
            born = line.customer.birth_year
            low = (2025 - born) // 10 * 10 if born else None
            name = "Unknown" if low is None else f"{low} to {low + 9}"
            name = "under 20" if low is not None and low < 20 else name
            groups["70 and over" if low is not None and low >= 70 else name].append(line)
    expected = {
        (
            name,
            oracle.customers(found),
            oracle.net_sales(found),
            oracle.over(oracle.net_sales(found), oracle.customers(found), MONEY),
        )
        for name, found in groups.items()
    }
    frame = behaviour.age_groups(reader, in_year=2025)
    assert set(frame.rows) == expected
    assert frame["age_group"][-1] == "Unknown"


def test_a_change_is_explained_to_the_last_digit(reader: Reader) -> None:
    before = Period(date(2024, 11, 1), date(2024, 11, 30))
    now = Period(date(2025, 11, 1), date(2025, 11, 30))
    frame = decompose(reader, now, before)
    (was,), (is_,) = (
        query(reader, ["net_sales"], since=p.first, until=p.last).rows[0] for p in (before, now)
    )
    parts = frame["net_sales"]
    assert (parts[0], parts[-1]) == (was, is_)
    assert sum(parts[:-1]) == is_


numbers = st.fractions(0, 1000)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_shapley_parts_add_up_and_idle_factors_have_none(pairs: list) -> None:
    before, now = (tuple(side) for side in zip(*pairs, strict=True))
    parts = shapley(before, now)
    change = Fraction(1) - 1
    product_before = product_now = Fraction(1)
    for old, new in pairs:
        product_before *= old
        product_now *= new
    change += product_now - product_before
    assert sum(parts) == change
    assert all(part == 0 for part, (old, new) in zip(parts, pairs, strict=True) if old == new)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6), st.integers(0, 6)), max_size=40),
    st.integers(1, 10**6),
    st.integers(0, 10),
)
def test_only_pairs_near_the_best_are_divided(
    sizes: list[tuple[int, int, int]], orders: int, count: int
) -> None:
    found: list[Row] = [
        (n, f"a{n}", n + 1, f"b{n}", both, both + one, both + other)
        for n, (both, one, other) in enumerate(sizes)
    ]
    every = _framed(found, orders, len(found))
    assert _framed(found, orders, count) == every.head(count)
