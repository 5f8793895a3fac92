"""The parts of the model, each by itself."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from data_pipeline.simulator.customers import (
    BLOCK,
    basket_weights,
    lines_an_order,
    populate,
    volume,
)
from data_pipeline.simulator.demand import Demand, days_from_black_friday, weekdays
from data_pipeline.simulator.identities import born, country_words, identify
from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.places import COUNTRIES
from data_pipeline.simulator.products import stock
from data_pipeline.simulator.randomness import hashed, normal, pick, stream
from data_pipeline.simulator.sales import open_business, sell

P = PRESETS["default"].resized(sales=20_000, seed=5)


def test_blocks_of_chance_do_not_overlap_and_come_again() -> None:
    draws = [stream(1, "a", block).random(1000) for block in (0, 1, 2, -1)]
    assert len(np.unique(np.concatenate(draws))) == 4000
    assert (stream(1, "a", 1).random(1000) == draws[1]).all()
    assert not (stream(1, "b", 1).random(1000) == draws[1]).any()
    assert not (stream(2, "a", 1).random(1000) == draws[1]).any()


def test_hashed_numbers_are_uniform_and_their_own() -> None:
    found = hashed(3, "x", np.arange(100_000))
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    assert np.bincount((found * 10).astype(int)).min() > 9_500
    assert (hashed(3, "x", np.array([7, 8])) == found[[7, 8]]).all()
    assert normal(3, "x", np.arange(100_000)).std() == pytest.approx(1, abs=0.02)
    assert not np.allclose(hashed(3, "x", np.arange(9), 1), hashed(3, "x", np.arange(9), 2))


@pytest.mark.parametrize("many", [3, 40])
def test_pick_follows_its_weights(many: int) -> None:
    weights = np.arange(many, dtype=float)
    found = np.bincount(pick(stream(1, "p").random(200_000), weights), minlength=many)
    assert found[0] == 0
    assert found / 200_000 == pytest.approx(weights / weights.sum(), abs=0.005)


def test_black_friday_is_where_the_calendar_has_it() -> None:
    known = [date(2023, 11, 24), date(2024, 11, 29), date(2025, 11, 28), date(2026, 11, 27)]
    dates = np.array(known, dtype="datetime64[D]")
    assert days_from_black_friday(dates).tolist() == [0, 0, 0, 0]
    assert weekdays(dates).tolist() == [4, 4, 4, 4]


def test_a_longer_store_has_the_same_first_customers_and_products() -> None:
    demand = Demand(P)
    short, long = populate(demand, P.days), populate(demand, P.days + 90)
    n = len(short.joined)
    assert len(long.joined) > n == P.customers
    assert (long.joined[:n] == short.joined).all()
    assert (long.gone[:n] == short.gone).all()
    few, more = stock(demand, P.days), stock(demand, P.days + 90)
    index = np.arange(P.products)
    assert (few.prices(index, 700) == more.prices(index, 700)).all()


def test_a_day_needs_no_other_day() -> None:
    business, again = open_business(P, P.days), open_business(P, P.days + 30)
    for day in (0, 333, P.days - 1):
        for one, other in zip(sell(business, day), sell(again, day), strict=True):
            assert (one.second == other.second).all()
            assert (one.product == other.product).all()


def test_customers_join_in_order_and_buy_only_while_they_stay() -> None:
    business = open_business(P, P.days)
    everyone = business.everyone
    assert (np.diff(everyone.joined) >= 0).all()
    for day in (100, 500):
        sold, _ = sell(business, day)
        who = sold.customer[sold.customer > 0] - 1
        assert (everyone.joined[who] <= day).all()
        assert (everyone.gone[who] > day).all()
    assert volume(business.demand, everyone).alpha > 0


def test_products_are_not_sold_before_their_launch_and_prices_stand() -> None:
    business = open_business(P, P.days)
    catalogue = business.catalogue
    for day in (3, 400):
        sold, _ = sell(business, day)
        index = sold.product - 1
        assert (catalogue.launched[index] <= day).all()
        listed = sold.price + sold.discount // sold.quantity
        assert (listed == catalogue.prices(index, day)).all()
    every = np.arange(P.products)
    since = catalogue.price_since(500)
    changed = catalogue.prices(every, 500) != catalogue.prices(every, 499)
    assert changed.any()
    assert (since[changed] == 500).all()


def test_money_is_whole_and_no_discount_is_more_than_the_price() -> None:
    sold, back = sell(open_business(P, P.days), 695)
    assert sold.price.dtype == np.int64
    assert (sold.discount <= sold.price * sold.quantity).all()
    assert (sold.discount > 0).any(), "Black Friday week has promotions"
    assert (back.quantity < 0).all()
    assert (back.second > sold.second.max() - 86_400).all()


def test_baskets_have_the_mean_that_volume_counts_on() -> None:
    assert basket_weights(P).sum() == pytest.approx(1)
    sizes = 1 + pick(stream(1, "b").random(100_000), basket_weights(P))
    assert sizes.mean() == pytest.approx(lines_an_order(P), rel=0.01)


def test_identities_belong_to_numbers_not_to_batches() -> None:
    whole = identify(1, np.arange(BLOCK - 3, BLOCK + 3))
    for at in (0, 3, 5):
        one = identify(1, np.array([BLOCK - 3 + at]))
        assert all(one[name][0] == whole[name][at] for name in whole)


def test_names_and_mail_fit_the_place() -> None:
    found = identify(1, np.arange(2_000))
    rows = zip(*(found[n].to_pylist() for n in ("name", "email", "location")), strict=True)
    words = dict(zip([c.name for c in COUNTRIES], country_words(), strict=True))
    firsts = {name: set(w.first.to_pylist()) for name, w in words.items()}
    domains = {c.name: {d for d, _ in c.mail} for c in COUNTRIES}
    for name, mail, place in rows:
        country = place.split(", ")[-1]
        assert any(name.startswith(first + " ") for first in firsts[country]), (name, place)
        local, _, domain = mail.partition("@")
        assert domain in domains[country]
        assert local.isascii()


def test_customers_are_as_old_as_shoppers_are() -> None:
    age = 2025 - born(stream(1, "born", 0).random(100_000))
    decades = np.bincount(age // 10, minlength=10) / len(age)
    assert decades.argmax() == 4
    assert 0.05 < decades[:3].sum() < 0.15
    assert decades[7:].sum() < 0.10
    assert (age.min() >= 18, age.max() <= 92) == (True, True)
