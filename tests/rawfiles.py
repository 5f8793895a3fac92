"""Small raw files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

CUSTOMERS = "customer_id,name,email,location\n"
PRODUCTS = "product_id,name,category,price\n"
SALES = "transaction_id,customer_id,product_id,quantity,price,timestamp\n"

STORE: dict[str, bytes] = {
    "customers.csv": f"{CUSTOMERS}1,Ann,ann@shop.example,Rome\n2,Bo,b@o.example,Oslo\n".encode(),
    "products.csv": f"{PRODUCTS}1,Mug,Kitchen,2.50\n2,Pan,Kitchen,9\n".encode(),
    "sales.csv": (
        f"{SALES}1,1,1,2,2.50,2025-03-04 10:20:30\n2,2,2,1,9,2025-03-05\n3,,1,-1,2.50,2025-03-06\n"
    ).encode(),
}
"""Two customers, two products and three sales, one of them a return by a guest."""


def to_csv(records: Iterable[Sequence[str]], sep: str = ",") -> bytes:
    """Records as bytes, every field in quotes, whatever is in it.

    >>> to_csv([["a", "b,c"]]).decode().rstrip()
    '"a","b,c"'
    """
    quoted = (sep.join('"' + field.replace('"', '""') + '"' for field in r) for r in records)
    return "".join(record + "\n" for record in quoted).encode("utf-8")


def customers(*rows: str) -> bytes:
    """A customers file: `1,Ann,ann@shop.example,Rome,2025-01-01`; the last is updated_at."""
    return file_of(CUSTOMERS.strip() + ",updated_at", rows)


def products(*rows: str) -> bytes:
    """A products file: `1,Mug,Kitchen,2.50,2025-01-01`; the last is updated_at."""
    return file_of(PRODUCTS.strip() + ",updated_at", rows)


def sales(*rows: str) -> bytes:
    """A sales file: `1,1,1,2,2.50,2025-03-04,2025-03-05`; the last is updated_at."""
    return file_of(SALES.strip() + ",updated_at", rows)


def file_of(header: str, rows: Iterable[str]) -> bytes:
    """A header and rows as bytes; fields that a row leaves out at its end are empty."""
    width = header.count(",")
    lines = [header, *(row + "," * (width - row.count(",")) for row in rows)]
    return "".join(line + "\n" for line in lines).encode()
