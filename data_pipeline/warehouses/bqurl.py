"""URLs of BigQuery: bigquery://project/dataset?location=EU&bucket=name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from data_pipeline.errors import ConfigError

PARTITIONS = ("day", "month")


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says. `credentials` is a service account's key file, `endpoint` another address
    than Google's, `partition` what the sales are partitioned by.
    """

    project: str
    dataset: str
    location: str | None = None
    bucket: str | None = None
    credentials: str | None = None
    endpoint: str | None = None
    maximum_bytes_billed: int | None = None
    partition: str | None = None


def read_url(url: str, shown: str) -> Address:
    """Take a URL apart; ConfigError says what is wrong with it."""
    parts = urlsplit(url)
    dataset = parts.path.strip("/")
    if not parts.netloc or not dataset or "/" in dataset:
        raise ConfigError(f"{shown!r} is not bigquery://project/dataset")
    known = [f.name for f in fields(Address)][2:]
    told: dict[str, Any] = dict(parse_qsl(parts.query))
    if unknown := sorted(set(told) - set(known)):
        raise ConfigError(f"{shown}: unknown option {unknown[0]!r}; known: {', '.join(known)}")
    if limit := told.get("maximum_bytes_billed"):
        if not limit.isdecimal():
            raise ConfigError(f"{shown}: maximum_bytes_billed is a whole number of bytes")
        told["maximum_bytes_billed"] = int(limit)
    if told.get("partition", "day") not in PARTITIONS:
        raise ConfigError(f"{shown}: partition is {' or '.join(PARTITIONS)}")
    return Address(parts.netloc, dataset, **told)
