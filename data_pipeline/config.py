"""Settings: defaults < pipeline.toml < SALES_* environment < flags; read once, at the edge."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from data_pipeline.contract import TABLES
from data_pipeline.errors import ConfigError
from data_pipeline.masking import HOW_TO_KEY, Key, Mask, read_key
from data_pipeline.sources.declared import SourceTable, read_sources, with_password
from data_pipeline.sources.files import RawFile
from data_pipeline.sources.header import Format
from data_pipeline.sources.landed import is_landed, is_utc
from data_pipeline.timezones import zone

CONFIG_FILE = "pipeline.toml"
PREFIX = "SALES_"
PROCESSED_KINDS = ("csv", "parquet", "none")
KEY_VARIABLE = "SALES_PII_KEY"
COMPOSED = ("formats", "sources", "pii_key")
"""Settings that no single text says."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run is told. Immutable; stages take what they need of it.

    `processed` is None, or the directory of the transformed_* files of `processed_kind`.
    `max_quarantine` is the share of a file's rows (0 to 1) that may be bad by themselves.
    `source_timezone` holds for raw times without offset, `reporting_timezone` is the one whose days
    are reported, `currency` the sign before amounts. `memory_limit` bounds DuckDB's memory;
    `wait_s` is how long to wait for another run. `source` is the URL of the database
    that tables are read from, `sources` are these tables. `mask_pii` keeps names and e-mail
    addresses out of all that is written, by the key of SALES_PII_KEY or of `pii_key_file`.
    """

    raw: Path = Path("data/raw")
    warehouse: str = "duckdb:///data/warehouse.duckdb"
    processed: Path | None = Path("data/processed")
    processed_kind: str = "csv"
    safe_csv: bool = False
    full_refresh: bool = False
    max_quarantine: float = 0.5
    declare_keys: bool = False
    memory_limit: str = "2GB"
    threads: int | None = None
    wait_s: float = 0.0
    source_timezone: str = "UTC"
    reporting_timezone: str = "UTC"
    currency: str = ""
    formats: Mapping[str, Format] = field(default_factory=dict)
    source: str | None = None
    sources: tuple[SourceTable, ...] = ()
    mask_pii: bool = False
    pii_key_file: Path | None = None
    pii_key: Key | None = None

    def mask(self) -> Mask | None:
        """What personal data are masked with, if they are; raises ConfigError without a key."""
        if not self.mask_pii:
            return None
        if not (key := self.key()):
            raise ConfigError(
                f"mask_pii needs a key: set {KEY_VARIABLE}, or pii_key_file to a file that holds "
                f"it, and keep it: the next runs need the same one; {HOW_TO_KEY}"
            )
        return key.mask()

    def key(self) -> Key | None:
        """The key for masks, from where it is kept."""
        return self.pii_key or (read_key(self.pii_key_file) if self.pii_key_file else None)

    def format_of(self, table: str) -> Format:
        """How the source writes that table."""
        return self.formats.get(table, Format(timezone=self.source_timezone))

    def format_of_file(self, file: RawFile) -> Format:
        """How that raw file is written: one that landed from a database is as the contract has
        it; only its bare times may be of another zone.
        """
        if not is_landed(file.name):
            return self.format_of(file.table)
        return Format(timezone="UTC" if is_utc(file.name) else self.format_of(file.table).timezone)


def load_settings(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Put the settings together; raises ConfigError for the first mistake it meets.

    `flags` holds only what was said on the command line. `file` is the one that was named with
    --config; without, pipeline.toml in the working directory is read if it is there.
    """
    environment = os.environ if environment is None else environment
    table = _read_file(file)
    said_in = str(file or CONFIG_FILE)
    zone_ = _timezone(table, environment, flags)
    formats = _read_formats(table.pop("tables", {}), zone_, said_in)
    declared = table.pop("sources", {})
    told = {**_of_file(table, said_in), **_of_environment(environment), **_of_flags(flags)}
    sources = read_sources(declared, told.get("source"), environment)
    key = Key(environment[KEY_VARIABLE]) if KEY_VARIABLE in environment else None
    settings = Settings(**told, formats=formats, sources=sources, pii_key=key)
    return _checked(settings)


def database_url(url: str) -> str:
    """Complete the URL of a database with a password of the environment, when it has none."""
    return with_password(url, os.environ)


def _read_file(file: Path | None) -> dict[str, Any]:
    path = file or Path(CONFIG_FILE)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise ConfigError(f"there is no settings file {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _kinds() -> dict[str, str]:
    return {f.name: str(f.type) for f in fields(Settings) if f.name not in COMPOSED}


def _of_file(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    told = {}
    for name, value in table.items():
        kind = _known(name, where)
        if isinstance(value, str):
            told[name] = _convert(name, value, kind, where)
            continue
        fits = {
            "bool": isinstance(value, bool),
            "float": isinstance(value, int | float) and not isinstance(value, bool),
            "int | None": isinstance(value, int) and not isinstance(value, bool),
        }
        if not fits.get(kind, False):
            raise ConfigError(f"{where}: {name} = {value!r} is not {_says(kind)}")
        told[name] = value
    return told


def _of_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    told = {}
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable != KEY_VARIABLE:
            name = variable.removeprefix(PREFIX).lower()
            told[name] = _convert(name, value, _known(name, variable), variable)
    return told


def _of_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _kinds()
    return {
        name: _convert(name, value, kinds[name], f"--{name}") if isinstance(value, str) else value
        for name, value in flags.items()
        if value is not None
    }


def _known(name: str, where: str) -> str:
    kinds = _kinds()
    if name not in kinds:
        known = ", ".join(sorted([*kinds, "sources", "tables"]))
        raise ConfigError(f"{where}: unknown setting {name!r}; known: {known}")
    return kinds[name]


def _convert(name: str, value: str, kind: str, where: str) -> Any:
    try:
        match kind:
            case "bool":
                return {"true": True, "1": True, "false": False, "0": False}[value.casefold()]
            case "float":
                return float(value)
            case "int | None":
                return int(value)
            case "Path":
                return Path(value)
            case "Path | None":
                return None if value == "none" else Path(value)
            case _:
                return value
    except (KeyError, ValueError):
        raise ConfigError(f"{where}: {name} = {value!r} is not {_says(kind)}") from None


def _says(kind: str) -> str:
    return {
        "bool": "true or false",
        "float": "a number",
        "int | None": "a whole number",
    }.get(kind, "a text")


def _timezone(
    table: Mapping[str, Any], environment: Mapping[str, str], flags: Mapping[str, Any]
) -> str:
    name = "source_timezone"
    told = flags.get(name) or environment.get(PREFIX + name.upper()) or table.get(name)
    return str(told or "UTC")


def _read_formats(tables: Any, timezone: str, said_in: str) -> dict[str, Format]:
    formats = {name: Format(timezone=timezone) for name in TABLES}
    if not isinstance(tables, dict):
        raise ConfigError(f"{said_in}: tables is not a table; write [tables.sales]")
    allowed = {f.name for f in fields(Format)}
    for name, told in tables.items():
        where = f"{said_in}: [tables.{name}]"
        if name not in TABLES:
            raise ConfigError(f"{where}: unknown table; known: {', '.join(TABLES)}")
        if not isinstance(told, dict):
            raise ConfigError(f"{where} is not a table of settings")
        for key, value in told.items():
            if key not in allowed:
                raise ConfigError(
                    f"{where}: unknown setting {key!r}; known: {', '.join(sorted(allowed))}"
                )
            _check_format(where, name, key, value)
        formats[name] = replace(formats[name], **told)
    for format_ in formats.values():
        zone(format_.timezone)
    return formats


def _check_format(where: str, table: str, key: str, value: Any) -> None:
    """Refuse a declaration that cannot be meant."""
    known = [c.name for c in TABLES[table].raw_columns]
    if key == "columns":
        _check_columns(where, value, known)
        return
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} = {value!r} is not a text")
    if key == "decimal" and value not in (".", ","):
        raise ConfigError(f'{where}: decimal = {value!r}; it is "." or ","')
    if key == "delimiter" and (len(value) != 1 or not value.isascii() or value in '"\r\n'):
        raise ConfigError(f"{where}: delimiter = {value!r}; it is one ASCII character")
    if key == "timestamp":
        _check_time_format(where, value)
    if key == "encoding":
        try:
            "".encode(value)
        except LookupError:
            raise ConfigError(f"{where}: unknown encoding {value!r}") from None


def _check_columns(where: str, value: Any, known: list[str]) -> None:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise ConfigError(f'{where}: columns maps names: columns = {{price = "Unit Price"}}')
    for name in value:
        if name not in known:
            raise ConfigError(f"{where}: unknown column {name!r}; known: {', '.join(known)}")


def _check_time_format(where: str, value: str) -> None:
    parts = [value[i : i + 2] for i, c in enumerate(value) if c == "%"]
    known = ("%d", "%m", "%Y", "%H", "%M", "%S")
    if (
        not {"%d", "%m", "%Y"} <= set(parts)
        or len(set(parts)) < len(parts)
        or set(parts) - {*known}
    ):
        raise ConfigError(
            f"{where}: timestamp = {value!r}; it is made of %d %m %Y and perhaps %H %M %S, "
            "once each"
        )


def _checked(settings: Settings) -> Settings:
    if not 0 <= settings.max_quarantine <= 1:
        raise ConfigError(f"max_quarantine = {settings.max_quarantine}; it is a share from 0 to 1")
    if settings.processed_kind not in PROCESSED_KINDS:
        raise ConfigError(
            f"processed_kind = {settings.processed_kind!r}; known: {', '.join(PROCESSED_KINDS)}"
        )
    if settings.wait_s < 0:
        raise ConfigError(f"wait_s = {settings.wait_s}; it is a number of seconds from 0 on")
    if settings.threads is not None and settings.threads < 1:
        raise ConfigError(f"threads = {settings.threads}; it is a whole number from 1 on")
    zone(settings.source_timezone)
    zone(settings.reporting_timezone)
    return settings
