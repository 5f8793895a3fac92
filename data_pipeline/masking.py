"""Masks: names and e-mail addresses become keyed hashes before anything is written.

A mask is HMAC-SHA-256 (RFC 2104) of the clean value under a key that only the run knows, so the
same value has the same mask in every file and every run, and duplicates, versions and groups are
what they were. It is made by the engine, set by set, while a row is on its way into the staging
tables; behind them nobody has seen the value. Which columns are personal, the contract says.

Whoever has the key finds a value's mask with any tool, here the first 32 digits of
`printf %s 'ann@shop.example' | openssl dgst -sha256 -hmac "$SALES_PII_KEY"`.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from data_pipeline.contract import Column, Email, Table
from data_pipeline.errors import ConfigError
from data_pipeline.sql import quote

PREFIX, MASKED_DOMAIN = "masked:", ".masked"
DIGITS, DOMAIN_DIGITS = 32, 16
"""Hexadecimal digits of a mask: 128 bits, so that no two of a world of values have one mask."""

SHORTEST_KEY = 32
"""Characters. Names can be guessed; what cannot be guessed is the key."""

HOW_TO_KEY = "make one with: openssl rand -hex 32"
_BLOCK_BYTES = 64


class Key:
    """A secret that no text form of it shows."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(***)"

    def __deepcopy__(self, _memo: object) -> Key:
        return self

    def __bool__(self) -> bool:
        return bool(self._secret)

    def mask(self) -> Mask:
        """What masks with this key, or ConfigError when it is too short to be one."""
        if len(self._secret) < SHORTEST_KEY:
            raise ConfigError(
                f"the key for mask_pii has {len(self._secret)} characters, fewer than "
                f"{SHORTEST_KEY}; {HOW_TO_KEY}"
            )
        return Mask(self._secret.encode())


class Mask:
    """Values under which an engine makes masks, and the name that a warehouse keeps of them."""

    __slots__ = ("fingerprint", "values")

    def __init__(self, key: bytes) -> None:
        block = hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key
        padded = block.ljust(_BLOCK_BYTES, b"\0")
        self.values = {
            "mask_inner": bytes(byte ^ 0x36 for byte in padded),
            "mask_outer": bytes(byte ^ 0x5C for byte in padded),
        }
        named = hmac.new(key, b"fingerprint of the key for mask_pii", "sha256")
        self.fingerprint = named.hexdigest()[:DOMAIN_DIGITS]

    def __repr__(self) -> str:
        return f"Mask({self.fingerprint})"


def read_key(file: Path) -> Key:
    """Read a key from a file that holds nothing else."""
    try:
        return Key(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ConfigError(f"cannot read the key in {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the key in {file} is not text; {HOW_TO_KEY}") from None


def personal_columns(table: Table) -> tuple[Column, ...]:
    """The columns of a table that are masked."""
    return tuple(c for c in table.columns if c.personal)


def mask_value(column: Column, value: str) -> str:
    """SQL for the mask of a clean value of a personal column; NULL stays NULL.

    An address stays one: the same domain has the same mask, and is not shown either.
    """
    if isinstance(column.type, Email):
        domain = f"SUBSTR({value}, STRPOS({value}, '@') + 1)"
        return f"{_hmac(value)} || '@' || {_hmac(domain, DOMAIN_DIGITS)} || '{MASKED_DOMAIN}'"
    return mask_text(value)


def mask_text(value: str) -> str:
    """SQL for the mask of any text that may hold something personal; NULL stays NULL."""
    return f"'{PREFIX}' || {_hmac(value)}"


def is_masked(column: Column) -> str:
    """SQL that tells whether a loaded value of a personal column is a mask."""
    name = quote(column.name)
    if isinstance(column.type, Email):
        return f"{name} LIKE '%@%{MASKED_DOMAIN}'"
    return f"{name} LIKE '{PREFIX}%'"


def _hmac(value: str, digits: int = DIGITS) -> str:
    inner = f"SHA256($mask_inner || ENCODE({value}))"
    return f"SUBSTR(SHA256($mask_outer || UNHEX({inner})), 1, {digits})"
