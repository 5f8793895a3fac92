"""The facts: what is measured, between which bounds it has to lie, and who says so."""

from __future__ import annotations

from dataclasses import dataclass

from data_pipeline.simulator.certify import customers, orders, popularity, returns
from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.certify.part import Part
from data_pipeline.simulator.parameters import Parameters


@dataclass(frozen=True)
class Fact:
    """One fact about stores, with what was measured of it."""

    number: int
    name: str
    source: str
    parts: tuple[Part, ...]

    @property
    def holds(self) -> bool | None:
        """Whether all that could be judged is in its band; None when nothing could."""
        judged = [part.holds for part in self.parts if part.holds is not None]
        return all(judged) if judged else None


FACTS = (
    ("Popularity of products follows Zipf, steeper in the tail",
     "Brynjolfsson, Hu and Smith: the longer tail (2010); Chevalier and Goolsbee (2003)",
     popularity.popularity),
    ("Counts of repeat orders follow the NBD, not Poisson",
     "Ehrenberg (1959); Schmittlein, Morrison and Colombo (1987); dials of this store",
     customers.repeat_counts),
    ("The chance of another order grows with the number of orders",
     "Fader, Hardie and Lee (2005): CDNOW",
     customers.another_order),
    ("The top 20 % of customers bring most of the revenue",
     "CDNOW, 69,659 purchases of the 1997 cohort: 67.8 %",
     customers.concentration),
    ("Order values are close to log-normal; prices end in .99",
     "the project's bands; Schindler and Kirby (1997): 9-endings abound",
     orders.order_values),
    ("One line is the commonest basket, with a long tail",
     "Online Retail (UCI): 1 is the mode; the project's band",
     orders.baskets),
    ("Hours and weekdays are as dialled",
     "dials of this store, chi-square at 0.1 %",
     orders.hours_and_weekdays),
    ("Black Friday stands out of its season",
     "Adobe: 2.6 to 3.4 in all US shops; the project's band",
     orders.black_friday),
    ("Returns go by category, come late, and in January",
     "the dials of this store; NRF and Appriss Retail on apparel",
     returns.returns),
    ("Activity falls after joining, then flattens",
     "Schmittlein, Morrison and Colombo (1987); Fader and Hardie (2007) on retention",
     customers.activity),
    ("Places and mail domains are far from uniform",
     "populations of cities; a few providers have most addresses",
     customers.places),
)  # fmt: skip


def certify(evidence: Evidence, parameters: Parameters) -> tuple[Fact, ...]:
    """Return every fact as it was measured in the evidence."""
    return tuple(
        Fact(number, name, source, tuple(measure(evidence, parameters)))
        for number, (name, source, measure) in enumerate(FACTS, 1)
    )
