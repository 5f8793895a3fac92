"""What can be seen of a store in its raw files, as arrays.

Only what a reader of the files can know is used; the dials come in where a fact compares with
them. Records that are not plain (the planted defects) are left aside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.simulator.certify.plain import plain_records
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Ints

MOST_SALES = 4_000_000
"""Of larger stores only every n-th customer is looked at, with all that he bought."""
NOBODY = 9_000_000_000_000
MOST_HUNDREDTHS = 100_000_000
LATEST = 7_000_000_000
"""A second in 2191."""


@dataclass(frozen=True)
class Evidence:
    """A store's sales (a line each), products by id, and customers."""

    order: Ints
    customer: Ints
    """0 is a guest."""
    product: Ints
    second: Ints
    quantity: Ints
    price: Ints
    """In hundredths."""
    category: Ints
    """The category of each product by id, as a number in the dials' order; -1 is none."""
    member: Ints
    """The ids of the customers."""
    joined: Ints
    """The second in which each of them joined."""
    place: npt.NDArray[np.object_]
    mail: npt.NDArray[np.object_]
    """The domain of each one's e-mail address."""

    @cached_property
    def sold(self) -> npt.NDArray[np.bool_]:
        """Which lines are sales and no returns."""
        return self.quantity > 0

    @cached_property
    def orders(self) -> Orders:
        """The orders behind the sold lines, by number."""
        order = self.order[self.sold]
        number, first, line = np.unique(order, return_index=True, return_inverse=True)
        value = np.zeros(len(number), np.int64)
        np.add.at(value, line, (self.quantity * self.price)[self.sold])
        return Orders(
            number,
            self.customer[self.sold][first],
            self.second[self.sold][first],
            np.bincount(line, minlength=len(number)),
            value,
        )


@dataclass(frozen=True)
class Orders:
    """One row an order; `value` in hundredths."""

    number: Ints
    customer: Ints
    second: Ints
    lines: Ints
    value: Ints


def read_evidence(raw: Path, parameters: Parameters, files: tuple[str, ...]) -> Evidence:
    """Return what the raw files of a store show."""
    every = 1 + parameters.sales // MOST_SALES
    sales = _gathered(raw, files, "sales", lambda part: _sales(part, every))
    products = _gathered(raw, files, "products", _products)
    customers = _gathered(raw, files, "customers", lambda part: _customers(part, every))
    number = {c.name: index for index, c in enumerate(parameters.categories)}
    known = max(products["id"].max(initial=0), sales["product"].max(initial=0))
    category = np.full(int(known) + 1, -1, np.int64)
    category[products["id"]] = [number.get(str(name), -1) for name in products["category"]]
    return Evidence(
        **{n: sales[n] for n in ("order", "customer", "product", "second", "quantity", "price")},
        category=category,
        member=customers["id"],
        joined=customers["joined"],
        place=customers["place"],
        mail=customers["mail"],
    )


Columns = dict[str, npt.NDArray[Any]]


def _gathered(
    raw: Path, files: tuple[str, ...], table: str, typed: Callable[[pa.Table], Columns]
) -> Columns:
    """Return the typed columns of all files of a table, by id, each id once."""
    parts = [
        typed(records)
        for name in files
        if name.startswith(table)
        for records in plain_records(raw / name, table)
    ]
    whole = {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}
    _, once = np.unique(whole["id"], return_index=True)
    return {name: column[once] for name, column in whole.items()}


def _sales(records: pa.Table, every: int) -> Columns:
    guest = pc.equal(records["customer_id"], "")
    columns = {
        "id": _whole(records["transaction_id"]),
        "order": _whole(records["order_id"]),
        "customer": pc.if_else(guest, 0, _whole(records["customer_id"])),
        "product": _whole(records["product_id"]),
        "second": _second(records["timestamp"]),
        "quantity": _whole(records["quantity"]),
        "price": _hundredths(records["price"]),
    }
    found = _complete(columns)
    keep = (found["customer"] < NOBODY) & (found["product"] < NOBODY)
    keep &= (np.abs(found["quantity"]) <= 1_000) & (found["quantity"] != 0)
    keep &= (found["price"] < MOST_HUNDREDTHS) & (found["second"] > 0) & (found["second"] < LATEST)
    who = np.where(found["customer"] > 0, found["customer"], found["order"])
    keep &= who % every == 0
    return {name: column[keep] for name, column in found.items()}


def _products(records: pa.Table) -> Columns:
    found = _complete({"id": _whole(records["product_id"]), "category": records["category"]})
    keep = (found["id"] > 0) & (found["id"] < NOBODY)
    return {name: column[keep] for name, column in found.items()}


def _customers(records: pa.Table, every: int) -> Columns:
    mail = pc.list_element(
        pc.split_pattern(pc.binary_join_element_wise(records["email"], "@", ""), "@"), 1
    )
    columns = {
        "id": _whole(records["customer_id"]),
        "joined": _second(records["registered_at"]),
        "place": records["location"],
        "mail": mail,
    }
    found = _complete(columns)
    keep = (found["id"] > 0) & (found["id"] < NOBODY) & (found["id"] % every == 0)
    return {name: column[keep] for name, column in found.items()}


def _complete(columns: dict[str, pa.ChunkedArray]) -> Columns:
    whole = pa.table(columns).drop_null()
    return {name: np.asarray(whole[name]) for name in whole.column_names}


def _whole(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whole numbers; what is written in another way is NULL."""
    plain = pc.match_substring_regex(text, "^-?[0-9]{1,18}$")
    return pc.if_else(plain, text, pa.scalar(None, pa.string())).cast(pa.int64())


def _hundredths(text: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = pc.match_substring_regex(text, "^[0-9]{1,15}[.][0-9]{2}$")
    digits = pc.replace_substring(text, ".", "")
    return pc.if_else(plain, digits, pa.scalar(None, pa.string())).cast(pa.int64())


def _second(text: pa.ChunkedArray) -> pa.ChunkedArray:
    form = "%Y-%m-%d %H:%M:%S"
    moment = pc.strptime(text, format=form, unit="s", error_is_null=True)
    return moment.cast(pa.int64())
