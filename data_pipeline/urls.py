"""URLs of databases and warehouses: what may be shown of them."""

from __future__ import annotations

import re


def hide_password(url: str) -> str:
    """Replace the password of a URL by stars; also one with signs that should have been encoded,
    which reaches to the last @.

    >>> hide_password("postgresql://shop:secret@host/db")
    'postgresql://shop:***@host/db'
    >>> hide_password("postgresql://shop:se/cr@et@host/db")
    'postgresql://shop:***@host/db'
    """
    hidden = re.sub(r"(://[^/?#:@]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(
        r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*",
        r"\1***",
        hidden,
        flags=re.IGNORECASE,
    )


def place_of(url: str) -> str:
    """Say where a URL leads, without user, password and options.

    >>> place_of("postgresql://shop:secret@host:5432/db?sslmode=require")
    'postgresql://host:5432/db'
    """
    bare = re.sub(r"://([^/?#:@]*:.*|[^/?#]*)@", "://", url, count=1, flags=re.DOTALL)
    return bare.partition("#")[0].partition("?")[0]
