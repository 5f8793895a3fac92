"""What customers and products are called: names, e-mail addresses and places, made in bulk.

The words come from Faker's providers, once for each locale; numpy and Arrow then draw and join
them for whole blocks of customers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.simulator.customers import BLOCK
from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.places import COUNTRIES
from data_pipeline.simulator.randomness import Floats, Ints, hashed, pick, stream

FIRST_NAMES, LAST_NAMES = 400, 700
"""How many of a locale's names are used: the first ones, which are the commonest where known."""

LAST_BORN, BORN_WITHIN = 2006, 72
"""The youngest customers' year of birth, and how many years before it the oldest were born."""


@dataclass(frozen=True)
class Words:
    """The words of one country, and how common each is."""

    first: pa.Array
    last: pa.Array
    before: pa.Array
    """How mail addresses begin: with a first name, with its letter, with a last name and `_`."""
    between: pa.Array
    """How they go on: with `.` and a last name, with a last name, with a first name, not at all."""
    first_chance: Guide
    last_chance: Guide
    city: pa.Array
    city_chance: Guide
    domain: pa.Array
    """With the `@`."""
    domain_chance: Guide


def plain(word: str) -> str:
    """Return a word as it stands in a mail address.

    >>> plain("Größe-d'Été")
    'grossedete'
    """
    folded = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss").replace("ø", "o"))
    return "".join(c for c in folded if c.isascii() and c.isalnum()) or "x"


def natural(name: str) -> str:
    """Return a name in the order in which it is said.

    >>> natural("Ravenswaaij, van")
    'van Ravenswaaij'
    """
    return " ".join(reversed(name.split(", ")))


def _weighted(words: Iterable[str] | Mapping[str, float], most: int) -> tuple[list[str], Floats]:
    if isinstance(words, Mapping):
        best = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:most]
        return [w for w, _ in best], np.array([float(n) for _, n in best])
    listed = list(dict.fromkeys(words))[:most]
    return listed, np.asarray(1.0 / (np.arange(len(listed)) + 10.0), np.float64)


@cache
def country_words() -> tuple[Words, ...]:
    """Return the words of every country, from Faker's providers."""
    from faker import Faker

    found = []
    for country in COUNTRIES:
        person: Any = next(
            p for p in Faker(country.locale).get_providers() if hasattr(p, "last_names")
        )
        women, of_women = _weighted(person.first_names_female, FIRST_NAMES)
        men, of_men = _weighted(person.first_names_male, FIRST_NAMES)
        last, of_last = _weighted(person.last_names, LAST_NAMES)
        first = women + men
        last = [natural(w) for w in last]
        given, family = [plain(w) for w in first], [plain(w) for w in last]
        found.append(
            Words(
                pa.array(first),
                pa.array(last),
                pa.array([*given, *(w[0] for w in given), *(f"{w}_" for w in family)]),
                pa.array([*(f".{w}" for w in family), *family, *given, ""]),
                Guide.of(np.concatenate([of_women / of_women.sum(), of_men / of_men.sum()])),
                Guide.of(of_last),
                pa.array([f"{city}, {country.name}" for city, _ in country.cities]),
                Guide.of(np.array([float(n) for _, n in country.cities])),
                pa.array([f"@{domain}" for domain, _ in country.mail]),
                Guide.of(np.array([w for _, w in country.mail])),
            )
        )
    return tuple(found)


def identify(seed: int, index: Ints) -> dict[str, pa.Array]:
    """Return name, email, location and birth_year of the customers with these rising indexes."""
    parts = []
    for block in np.unique(index // BLOCK).tolist() or [0]:
        here = index[index // BLOCK == block] - block * BLOCK
        whole = _block(seed, block)
        if len(here) < BLOCK:
            whole = {name: column.take(pa.array(here)) for name, column in whole.items()}
        parts.append(whole)
    return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}


def moved_to(seed: int, index: Ints, location: pa.Array) -> pa.Array:
    """Return another city of the same country for each customer."""
    moved = location
    for words in country_words():
        here = pc.index_in(location, value_set=words.city)
        at = np.flatnonzero(pc.is_valid(here).to_numpy(zero_copy_only=False))
        now = here.take(pa.array(at)).to_numpy()
        there = words.city_chance.pick(hashed(seed, "moved-to", index[at]))
        there = np.where(there == now, (there + 1) % len(words.city), there)
        mask = np.zeros(len(location), np.bool_)
        mask[at] = True
        moved = pc.replace_with_mask(moved, pa.array(mask), words.city.take(pa.array(there)))
    return moved


def born(chance: Floats) -> Ints:
    """Turn even chances into years of birth: many customers are in their forties, few are over 70.

    Ages follow Kumaraswamy's distribution with a = 2 and b = 4, which needs nothing but square
    roots: these are the same on every machine.
    """
    youngest = 1 - np.sqrt(np.sqrt(chance))
    years: Ints = LAST_BORN - (np.sqrt(youngest) * BORN_WITHIN).astype(np.int64)
    return years


@lru_cache(maxsize=4)
def _block(seed: int, block: int) -> dict[str, pa.Array]:
    chance = stream(seed, "identities", block)
    country = pick(chance.random(BLOCK), np.array([c.share for c in COUNTRIES]))
    uniform = {
        name: chance.random(BLOCK) for name in ("first", "last", "city", "domain", "style", "year")
    }
    number = chance.integers(1, 1000, BLOCK)
    birth_year = born(uniform["year"])
    names, mails, places, order = [], [], [], []
    for index, words in enumerate(country_words()):
        here = np.flatnonzero(country == index)
        first = words.first_chance.pick(uniform["first"][here])
        last = words.last_chance.pick(uniform["last"][here])
        names.append(
            pc.binary_join_element_wise(words.first.take(first), words.last.take(last), " ")
        )
        mails.append(_addresses(words, first, last, uniform, here, number, birth_year))
        places.append(words.city.take(words.city_chance.pick(uniform["city"][here])))
        order.append(here)
    back = np.argsort(np.concatenate(order), kind="stable")
    return {
        "name": pa.concat_arrays(names).take(back),
        "email": pa.concat_arrays(mails).take(back),
        "location": pa.concat_arrays(places).take(back),
        "birth_year": pa.array(birth_year),
    }


def _addresses(
    words: Words,
    first: Ints,
    last: Ints,
    uniform: dict[str, Floats],
    here: Ints,
    number: Ints,
    birth_year: Ints,
) -> pa.Array:
    style = pick(uniform["style"][here], np.array([0.34, 0.18, 0.22, 0.14, 0.12]))
    givens, families = len(words.first), len(words.last)
    begin = np.choose(style, [first, givens + first, first, first, 2 * givens + last])
    nothing = np.full_like(last, 2 * families + givens)
    go_on = np.choose(style, [last, families + last, last, nothing, 2 * families + first])
    year, digits = 1 + birth_year[here] % 100, 1 + number[here]
    none = np.zeros_like(digits)
    end = np.choose(style, [none, none, year, digits, digits])
    domain = words.domain_chance.pick(uniform["domain"][here])
    return pc.binary_join_element_wise(
        words.before.take(begin), words.between.take(go_on), _endings().take(end),
        words.domain.take(domain), "",
    )  # fmt: skip


@cache
def _endings() -> pa.Array:
    """Return nothing, and the numbers that mail addresses end with."""
    return pa.array(["", *(str(n) for n in range(1000))])


LOOKS = pa.array([
    "Classic", "Modern", "Slim", "Everyday", "Nordic", "Urban", "Alpine", "Coastal", "Vintage",
    "Essential", "Premium", "Light", "Compact", "Original", "Studio", "Heritage",
])  # fmt: skip
KINDS = {
    "Clothing": "Shirt Jacket Jeans Sweater Dress Hoodie Skirt Coat T-Shirt Chinos",
    "Shoes": "Sneakers Boots Sandals Loafers Trainers Heels Slippers",
    "Electronics": "Headphones Speaker Tablet Monitor Keyboard Charger Camera Router Mouse",
    "Home": "Lamp Cushion Duvet Vase Shelf Rug Mirror Pan Kettle Towel",
    "Beauty": "Serum Lipstick Shampoo Mascara Lotion Perfume Cleanser",
    "Sports": "Mat Dumbbell Backpack Racket Bottle Helmet Tent Gloves",
    "Toys": "Puzzle Blocks Doll Train Board-Game Kite Robot",
    "Books": "Novel Cookbook Atlas Biography Thriller Guide Anthology",
    "Dresses": "Maxi-Dress Midi-Dress Shirt-Dress Wrap-Dress Gown",
    "Tops": "Blouse T-Shirt Tank Shirt Polo",
    "Trousers": "Chinos Jeans Leggings Shorts Culottes",
    "Knitwear": "Cardigan Sweater Pullover Vest",
    "Accessories": "Belt Scarf Bag Case Cable Hat Strap",
    "Phones": "Phone Smartphone Handset",
    "Computers": "Laptop Desktop Notebook Workstation",
    "Audio": "Headphones Earbuds Speaker Soundbar",
    "Gaming": "Controller Console Headset Game",
    "Smart home": "Thermostat Doorbell Bulb Sensor",
    "Produce": "Apples Tomatoes Bananas Spinach Carrots Potatoes",
    "Dairy": "Milk Yoghurt Butter Cheese Cream",
    "Pantry": "Pasta Rice Flour Beans Cereal Honey",
    "Drinks": "Coffee Juice Water Tea Lemonade",
    "Meat and fish": "Chicken Salmon Beef Ham Cod",
    "Household": "Detergent Sponges Foil Soap Candles",
}


def product_names(seed: int, index: Ints, categories: tuple[str, ...], category: Ints) -> pa.Array:
    """Return each product's name: a look, a thing of its category and a model number."""
    things = [KINDS.get(c, c).split() for c in categories]
    words = pa.array([w.replace("-", " ") for group in things for w in group])
    sizes = np.array([len(group) for group in things])
    starts = np.cumsum(sizes) - sizes
    which = (hashed(seed, "thing", index) * sizes[category]).astype(np.int64)
    look = (hashed(seed, "look", index) * len(LOOKS)).astype(np.int64)
    model = pa.array(100 + (index * 37) % 900).cast(pa.string())
    return pc.binary_join_element_wise(
        LOOKS.take(look), words.take(starts[category] + which), model, " "
    )
