"""The dials of a store: every number that shapes it, in one frozen object, and four presets.

A dial is a fact about the business (a rate, a share, a price), never about how rows are made.
docs/simulator.md names the source of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from data_pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Category:
    """One shelf of the shop. `demand` and `range_` are weights, prices are in units of money."""

    name: str
    demand: float
    """Its weight in what is bought."""
    range_: float
    """Its weight in the catalogue."""
    price: float
    """The median price."""
    price_sigma: float
    """The spread of the logarithm of prices."""
    return_rate: float
    """The share of sold lines that come back."""
    more: float
    """The chance that a line has one more unit, and again."""
    gift: float
    """How much more (1 = no more) it is wanted in December."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A store. Sizes first, then the dials; `sales` is a target that chance misses by a little.

    >>> PRESETS["fashion"].resized(sales=10_000).customers
    1000
    """

    preset: str
    categories: tuple[Category, ...]
    sales: int = 200_000
    customers: int = 20_000
    products: int = 2_000
    days: int = 730
    end: date = date(2025, 12, 31)
    seed: int = 1
    defects: float = 0.0
    """The share of records with a planted defect."""

    rate_shape: float = 0.60
    """r of the gamma distribution of buying rates (CDNOW: 0.55)."""
    dropout_shape: float = 0.75
    """s of the gamma distribution of dropout rates (CDNOW: 0.61)."""
    dropout_days: float = 110.0
    """beta of the same, in days (CDNOW: 82)."""
    veterans: float = 0.30
    """The share of customers who joined before the first day."""
    veteran_days: int = 730
    """For how long before the first day they joined."""
    growth: float = 0.20
    """How many more customers join than a year before."""
    guests: float = 0.10
    """The share of orders without a customer."""

    basket: float = 0.62
    """theta of the logarithmic distribution of lines in an order."""
    loyalty: float = 0.50
    """The chance that a line is from the customer's first category."""
    second: float = 0.18
    """The same for the second."""

    zipf: float = 0.80
    """The exponent of popularity inside a category."""
    zipf_tail: float = 1.6
    """How much steeper it gets in the tail: popularity falls by exp(-this) over all ranks."""
    fresh: float = 0.35
    """The share of products launched after the first day."""
    half_life_days: float = 420.0
    """The median time in which a product loses half of its pull."""
    price_change_days: tuple[int, int] = (60, 180)
    """How long a price stands, from and to."""

    months: tuple[float, ...] = (
        0.92, 0.88, 0.95, 0.96, 1.00, 0.97, 0.94, 0.93, 0.98, 1.02, 1.15, 1.30,
    )  # fmt: skip
    """Demand by month."""
    weekdays: tuple[float, ...] = (1.09, 1.05, 1.02, 1.00, 0.95, 0.90, 0.99)
    """Demand by weekday from Monday."""
    hours: tuple[float, ...] = (
        1.1, 0.6, 0.4, 0.3, 0.3, 0.5, 1.2, 2.4, 3.9, 5.0, 5.7, 5.9,
        5.8, 5.6, 5.4, 5.3, 5.3, 5.4, 5.9, 6.9, 7.6, 7.2, 5.2, 2.6,
    )  # fmt: skip
    """Demand by hour of the day."""
    black_friday: tuple[float, ...] = (1.2, 1.3, 1.4, 1.9, 4.3, 2.4, 2.1, 2.9, 1.6)
    """What demand is multiplied with from the Monday before Black Friday to the Tuesday after."""
    noise: float = 0.05
    """The coefficient of variation of one day's demand."""
    promotion_every_days: int = 42
    promotion_lift: float = 1.7
    """How much more a category is wanted while it is promoted."""

    return_lag_days: float = 11.0
    """The mean time from sale to return; at most `return_within_days`."""
    return_within_days: int = 60
    holiday_returns: float = 0.55
    """The share of what is bought in the gift season and returned that comes back in January."""

    late_sales: float = 0.01
    """The share of sales that arrive a day late in daily files."""
    corrections: float = 0.003
    """The share of sales that a daily file of the next week corrects."""
    moves: float = 0.0004
    """The share of customers who move on a day."""
    late_dimensions: float = 0.08
    """The share of new customers and products, in a store with defects, that arrive a day late."""

    channels: tuple[tuple[str, float], ...] = (
        ("web", 0.47), ("app", 0.33), ("marketplace", 0.14), ("store", 0.06),
    )  # fmt: skip

    @property
    def start(self) -> date:
        """The first day."""
        return self.end - timedelta(days=self.days - 1)

    def resized(
        self,
        *,
        sales: int | None = None,
        customers: int | None = None,
        products: int | None = None,
        days: int | None = None,
        seed: int | None = None,
        defects: float | None = None,
        end: date | None = None,
    ) -> Parameters:
        """Return the same business in another size; what is not given follows from `sales`."""
        sold = self.sales if sales is None else sales
        follows = sales is not None
        return verified(
            replace(
                self,
                sales=sold,
                customers=customers
                if customers is not None
                else (max(1, sold // 10) if follows else self.customers),
                products=products
                if products is not None
                else (min(max(20, sold // 100), 100_000) if follows else self.products),
                days=self.days if days is None else days,
                seed=self.seed if seed is None else seed,
                defects=self.defects if defects is None else defects,
                end=self.end if end is None else end,
            )
        )


def verified(parameters: Parameters) -> Parameters:
    """Return them as they are, or raise ConfigError for sizes that no store has."""
    bounds = (
        ("sales", parameters.sales, 1, 10_000_000_000),
        ("customers", parameters.customers, 1, 1_000_000_000),
        ("products", parameters.products, 1, 10_000_000),
        ("days", parameters.days, 1, 20_000),
        ("seed", parameters.seed, 0, 2**63 - 1),
        ("defects", parameters.defects, 0, 0.5),
    )
    for name, value, low, high in bounds:
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value}; it must be from {low} to {high}")
    if parameters.start.year < 1975 or parameters.end.year > 2190:
        raise ConfigError(
            f"the store would go from {parameters.start} to {parameters.end}; "
            "it must lie between 1975 and 2190: ask for fewer days"
        )
    return parameters


def preset(name: str) -> Parameters:
    """Return the preset of that name, or raise ConfigError."""
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {name!r}; known: {', '.join(sorted(PRESETS))}")
    return PRESETS[name]


_DEFAULT = Parameters(
    "default",
    (
        Category("Clothing", 0.22, 0.24, 34, 0.55, 0.165, 0.10, 1.1),
        Category("Shoes", 0.09, 0.09, 69, 0.45, 0.200, 0.03, 1.0),
        Category("Electronics", 0.15, 0.13, 79, 0.95, 0.085, 0.05, 1.5),
        Category("Home", 0.14, 0.15, 39, 0.75, 0.070, 0.12, 1.2),
        Category("Beauty", 0.12, 0.10, 19, 0.55, 0.045, 0.18, 1.3),
        Category("Sports", 0.09, 0.09, 45, 0.70, 0.080, 0.08, 1.1),
        Category("Toys", 0.08, 0.08, 24, 0.60, 0.055, 0.12, 2.4),
        Category("Books", 0.11, 0.12, 15, 0.40, 0.025, 0.10, 1.6),
    ),
)

PRESETS: dict[str, Parameters] = {
    "default": _DEFAULT,
    "fashion": replace(
        _DEFAULT,
        preset="fashion",
        categories=(
            Category("Dresses", 0.20, 0.18, 49, 0.50, 0.290, 0.04, 1.0),
            Category("Tops", 0.24, 0.26, 25, 0.45, 0.180, 0.14, 1.0),
            Category("Trousers", 0.15, 0.15, 45, 0.40, 0.235, 0.05, 1.0),
            Category("Shoes", 0.16, 0.14, 75, 0.50, 0.260, 0.02, 1.0),
            Category("Knitwear", 0.10, 0.11, 55, 0.45, 0.150, 0.05, 1.7),
            Category("Accessories", 0.15, 0.16, 22, 0.65, 0.070, 0.10, 1.9),
        ),
        months=(0.90, 0.86, 1.02, 1.05, 1.05, 0.98, 0.95, 0.90, 1.05, 1.06, 1.12, 1.16),
        half_life_days=150.0,
        fresh=0.60,
        basket=0.66,
    ),
    "electronics": replace(
        _DEFAULT,
        preset="electronics",
        categories=(
            Category("Phones", 0.14, 0.10, 299, 0.60, 0.090, 0.02, 1.5),
            Category("Computers", 0.10, 0.12, 449, 0.60, 0.110, 0.02, 1.3),
            Category("Audio", 0.20, 0.18, 79, 0.75, 0.130, 0.04, 1.6),
            Category("Gaming", 0.16, 0.14, 59, 0.70, 0.060, 0.05, 2.0),
            Category("Accessories", 0.28, 0.36, 19, 0.70, 0.045, 0.15, 1.2),
            Category("Smart home", 0.08, 0.10, 69, 0.60, 0.075, 0.10, 1.4),
        ),
        black_friday=(1.3, 1.4, 1.6, 2.3, 5.2, 2.8, 2.3, 3.9, 1.8),
        rate_shape=0.62,
        basket=0.50,
    ),
    "grocery": replace(
        _DEFAULT,
        preset="grocery",
        categories=(
            Category("Produce", 0.24, 0.14, 2.9, 0.45, 0.006, 0.35, 1.0),
            Category("Dairy", 0.17, 0.12, 2.5, 0.40, 0.004, 0.35, 1.1),
            Category("Pantry", 0.21, 0.28, 3.6, 0.55, 0.008, 0.30, 1.1),
            Category("Drinks", 0.14, 0.16, 4.9, 0.70, 0.010, 0.40, 1.3),
            Category("Meat and fish", 0.13, 0.12, 7.9, 0.50, 0.012, 0.20, 1.3),
            Category("Household", 0.11, 0.18, 5.9, 0.60, 0.020, 0.20, 1.0),
        ),
        months=(0.99, 0.98, 0.99, 1.00, 1.00, 0.98, 0.96, 0.96, 1.00, 1.01, 1.04, 1.09),
        weekdays=(0.96, 0.92, 0.94, 0.98, 1.12, 1.18, 0.90),
        black_friday=(1.1, 1.1, 1.2, 1.7, 3.5, 1.8, 1.3, 1.5, 1.1),
        rate_shape=0.85,
        dropout_days=80.0,
        basket=0.80,
        loyalty=0.28,
        second=0.16,
        guests=0.04,
        half_life_days=1500.0,
        fresh=0.15,
        return_lag_days=5.0,
        return_within_days=45,
        holiday_returns=0.70,
    ),
}
