"""Settings: which source wins, and one clear error for each kind of mistake."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from data_pipeline.config import Settings, load_settings
from data_pipeline.errors import ConfigError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toml(text: str) -> Path:
    path = Path("pipeline.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_those_of_the_design() -> None:
    settings = load_settings({}, {})
    assert settings == Settings(formats=settings.formats)
    assert settings.raw == Path("data/raw")
    assert settings.warehouse == "duckdb:///data/warehouse.duckdb"
    assert settings.processed == Path("data/processed")
    assert settings.max_quarantine == 0.5
    assert settings.source_timezone == settings.format_of("sales").timezone == "UTC"


def test_flags_beat_environment_beats_file_beats_defaults() -> None:
    toml('raw = "of_file"\nwait_s = 1\nmax_quarantine = 1\nthreads = 3')
    environment = {"SALES_RAW": "of_environment", "SALES_WAIT_S": "2.5", "OTHER": "x"}
    settings = load_settings({"raw": Path("of_flag"), "threads": None}, environment)
    assert settings.raw == Path("of_flag")
    assert settings.wait_s == 2.5
    assert settings.max_quarantine == 1
    assert settings.threads == 3


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings({}, {}).raw = Path("x")  # type: ignore[misc]


@pytest.mark.parametrize("value", ["true", "1", "TRUE"])
def test_yes_and_no_from_the_environment(value: str) -> None:
    assert load_settings({}, {"SALES_SAFE_CSV": value}).safe_csv
    assert not load_settings({}, {"SALES_SAFE_CSV": "false"}).safe_csv


def test_none_means_no_processed_files() -> None:
    assert load_settings({"processed": "none"}, {}).processed is None
    assert load_settings({}, {"SALES_PROCESSED": "none"}).processed is None
    toml('processed = "none"')
    assert load_settings({}, {}).processed is None


def test_a_named_file_is_read_instead() -> None:
    toml('raw = "a"')
    other = Path("other.toml")
    other.write_text('raw = "b"')
    assert load_settings({}, {}, other).raw == Path("b")


@pytest.mark.parametrize(
    "text",
    ["warehose = 1", "tables = 1", "[tables.sales]\ndecimal = 'x'", "[tables.x]", "wait_s = 'x'"],
)
def test_a_mistake_in_a_named_file_is_told_of_that_file(text: str) -> None:
    other = Path("other.toml")
    other.write_text(text)
    with pytest.raises(ConfigError, match=r"^other\.toml: "):
        load_settings({}, {}, other)


def test_formats_of_tables() -> None:
    toml(
        'source_timezone = "Europe/Berlin"\n'
        '[tables.sales]\ndecimal = ","\ndelimiter = "|"\nencoding = "latin-1"\n'
        'timestamp = "%d/%m/%Y %H:%M"\n[tables.sales.columns]\nprice = "Unit Price"\n'
    )
    settings = load_settings({}, {})
    sales = settings.format_of("sales")
    assert (sales.decimal, sales.delimiter, sales.encoding) == (",", "|", "latin-1")
    assert sales.columns == {"price": "Unit Price"}
    assert sales.timezone == settings.format_of("customers").timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("source", "zone"),
    [("file", "Asia/Tokyo"), ("environment", "Asia/Kolkata"), ("flag", "America/Lima")],
)
def test_the_source_time_zone_reaches_every_table(source: str, zone: str) -> None:
    environment = {}
    flags = {}
    toml('source_timezone = "Asia/Tokyo"')
    if source != "file":
        environment["SALES_SOURCE_TIMEZONE"] = "Asia/Kolkata"
    if source == "flag":
        flags["source_timezone"] = "America/Lima"
    settings = load_settings(flags, environment)
    assert settings.source_timezone == zone
    assert {settings.format_of(t).timezone for t in ("customers", "products", "sales")} == {zone}


MISTAKES_IN_FILE = [
    ("raw =", "not TOML"),
    ("raws = 'x'", "unknown setting 'raws'.*raw, "),
    ("raw = 5", "raw = 5"),
    ("threads = 1.5", "threads = 1.5 is not a whole number"),
    ("threads = true", "threads = True is not a whole number"),
    ("threads = 0", "threads = 0"),
    ("safe_csv = 'maybe'", "safe_csv = 'maybe' is not true or false"),
    ("safe_csv = 1", "safe_csv = 1 is not true or false"),
    ("max_quarantine = 1.5", "max_quarantine = 1.5.*from 0 to 1"),
    ("max_quarantine = nan", "max_quarantine = nan"),
    ("max_quarantine = 'half'", "max_quarantine = 'half' is not a number"),
    ("wait_s = -1", "wait_s = -1"),
    ("processed_kind = 'xls'", "processed_kind = 'xls'; known: csv, parquet"),
    ("source_timezone = 'Mars/Base'", "unknown time zone 'Mars/Base'"),
    ("formats = 'x'", "unknown setting 'formats'"),
    ("tables = 3", "tables"),
    ("[tables]\nsales = 3", "tables"),
    ("[tables.sale]", r"\[tables.sale\]: unknown table; known: customers, products, sales"),
    ("[tables.sales]\ncolour = 'x'", "unknown setting 'colour'"),
    ("[tables.sales]\ndecimal = ';'", "decimal = ';'"),
    ("[tables.sales]\ndecimal = 5", "decimal = 5"),
    ("[tables.sales]\ndelimiter = '||'", "delimiter"),
    ("[tables.sales]\ndelimiter = '\"'", "delimiter"),
    ("[tables.sales]\nencoding = 'klingon'", "unknown encoding 'klingon'"),
    ("[tables.sales]\ntimestamp = '%d.%m'", "timestamp = '%d.%m'"),
    ("[tables.sales]\ntimestamp = '%d.%m.%Y %j'", "timestamp"),
    ("[tables.sales]\ntimestamp = '%d.%m.%Y %d'", "timestamp"),
    ("[tables.sales]\ntimezone = 'Mars/Base'", "unknown time zone"),
    ("[tables.sales.columns]\ncost = 'x'", "unknown column 'cost'"),
    ("[tables.sales]\ncolumns = 'x'", "columns"),
    ("[tables.sales.columns]\nprice = 5", "columns"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES_IN_FILE)
def test_a_mistake_in_the_file_is_named(text: str, message: str) -> None:
    toml(text)
    with pytest.raises(ConfigError, match=message):
        load_settings({}, {})


@pytest.mark.parametrize(
    ("flags", "environment", "message"),
    [
        ({}, {"SALES_RWA": "x"}, "SALES_RWA: unknown setting 'rwa'"),
        ({}, {"SALES_THREADS": "two"}, "SALES_THREADS: threads = 'two' is not a whole number"),
        ({"max_quarantine": 2.0}, {}, "max_quarantine = 2.0"),
        ({"source_timezone": "Nowhere"}, {}, "unknown time zone 'Nowhere'"),
    ],
)
def test_a_mistake_elsewhere_is_named(
    flags: dict[str, Any], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_settings(flags, environment)


def test_variables_of_other_commands_are_no_mistake() -> None:
    """`sales charts` reads these; a shell that has them set can still run the pipeline."""
    environment = {"SALES_CURRENCY": "€", "SALES_REPORTING_TIMEZONE": "Europe/Rome"}
    assert load_settings({}, environment).raw == Path("data/raw")


def test_a_named_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"no settings file gone\.toml"):
        load_settings({}, {}, Path("gone.toml"))


def test_a_settings_file_that_is_a_directory_or_not_text() -> None:
    Path("folder.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot read folder\.toml"):
        load_settings({}, {}, Path("folder.toml"))
    Path("latin.toml").write_bytes(b"raw = '\xff'")
    with pytest.raises(ConfigError, match=r"latin\.toml is not TOML"):
        load_settings({}, {}, Path("latin.toml"))
