"""Where customers live: countries and their largest cities, with inhabitants in thousands.

Round figures of national censuses and estimates around 2020; they shape skew, not geography.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """One country the shop sends to."""

    name: str
    locale: str
    """The Faker locale whose names fit."""
    share: float
    """Its weight among the shop's customers."""
    cities: tuple[tuple[str, int], ...]
    mail: tuple[tuple[str, float], ...]
    """Mail domains and their weights."""


_GLOBAL = (("gmail.com", 50.0), ("outlook.com", 9.0), ("icloud.com", 7.0))

COUNTRIES: tuple[Country, ...] = (
    Country(
        "United States", "en_US", 0.46,
        (("New York", 8804), ("Los Angeles", 3899), ("Chicago", 2746), ("Houston", 2305),
         ("Phoenix", 1608), ("Philadelphia", 1604), ("San Antonio", 1435), ("San Diego", 1387),
         ("Dallas", 1304), ("Austin", 962), ("Columbus", 906), ("Seattle", 737), ("Denver", 716),
         ("Boston", 676), ("Portland", 653), ("Atlanta", 499), ("Omaha", 486), ("Miami", 442)),
        (*_GLOBAL, ("yahoo.com", 15.0), ("aol.com", 3.0), ("comcast.net", 2.0)),
    ),
    Country(
        "United Kingdom", "en_GB", 0.17,
        (("London", 8900), ("Birmingham", 1145), ("Glasgow", 635), ("Leeds", 536),
         ("Manchester", 549), ("Liverpool", 486), ("Bristol", 472), ("Edinburgh", 506),
         ("Cardiff", 362), ("Belfast", 345)),
        (*_GLOBAL, ("hotmail.co.uk", 14.0), ("yahoo.co.uk", 9.0), ("btinternet.com", 4.0)),
    ),
    Country(
        "Germany", "de_DE", 0.13,
        (("Berlin", 3664), ("Hamburg", 1852), ("München", 1488), ("Köln", 1083),
         ("Frankfurt am Main", 764), ("Stuttgart", 630), ("Düsseldorf", 620), ("Leipzig", 597),
         ("Dresden", 556), ("Nürnberg", 515)),
        (*_GLOBAL, ("gmx.de", 24.0), ("web.de", 21.0), ("t-online.de", 9.0)),
    ),
    Country(
        "France", "fr_FR", 0.09,
        (("Paris", 2146), ("Marseille", 870), ("Lyon", 523), ("Toulouse", 498), ("Nice", 343),
         ("Nantes", 320), ("Montpellier", 299), ("Strasbourg", 291), ("Bordeaux", 261)),
        (*_GLOBAL, ("orange.fr", 14.0), ("free.fr", 9.0), ("laposte.net", 6.0)),
    ),
    Country(
        "Spain", "es_ES", 0.05,
        (("Madrid", 3305), ("Barcelona", 1636), ("Valencia", 789), ("Sevilla", 684),
         ("Zaragoza", 675), ("Málaga", 577), ("Bilbao", 346)),
        (*_GLOBAL, ("hotmail.com", 24.0), ("yahoo.es", 5.0)),
    ),
    Country(
        "Italy", "it_IT", 0.05,
        (("Roma", 2770), ("Milano", 1374), ("Napoli", 922), ("Torino", 848), ("Palermo", 635),
         ("Genova", 566), ("Bologna", 392), ("Firenze", 367)),
        (*_GLOBAL, ("libero.it", 22.0), ("hotmail.it", 9.0), ("virgilio.it", 4.0)),
    ),
    Country(
        "Netherlands", "nl_NL", 0.03,
        (("Amsterdam", 873), ("Rotterdam", 651), ("Den Haag", 548), ("Utrecht", 359),
         ("Eindhoven", 235), ("Groningen", 233)),
        (*_GLOBAL, ("hotmail.com", 18.0), ("ziggo.nl", 6.0), ("kpnmail.nl", 5.0)),
    ),
    Country(
        "Sweden", "sv_SE", 0.02,
        (("Stockholm", 976), ("Göteborg", 583), ("Malmö", 348), ("Uppsala", 234),
         ("Linköping", 164), ("Örebro", 156)),
        (*_GLOBAL, ("hotmail.com", 18.0), ("telia.com", 6.0)),
    ),
)  # fmt: skip
