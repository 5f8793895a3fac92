"""Clean the store with Polars as an expert would: lazy, streaming, money as DECIMAL.

python expert.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

MISSING = ["", "NULL", "null", "N/A", "NA", "None", "nan", "-"]
BLANKS = ' \t"'
MONEY = pl.Decimal(18, 4)
WHOLE_FORM = r"^[+-]?[0-9]+([.]0*)?$"
MONEY_FORM = r"^[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?$"
PLAIN_TIME, TIME_WITH_OFFSET = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%:z"


def scan(folder: Path, table: str) -> pl.LazyFrame:
    return pl.scan_csv(
        folder / f"{table}*.csv",
        infer_schema=False,
        null_values=MISSING,
        truncate_ragged_lines=True,
        ignore_errors=True,
        encoding="utf8-lossy",
        quote_char=None if table == "sales" else '"',  # one bad quote would refuse the file
    ).with_row_index("line")


def to_whole(column: str) -> pl.Expr:
    """The quick way for what is plainly whole; the pattern only for the rest."""
    text = pl.col(column).str.strip_chars(BLANKS)
    rest = pl.when(text.str.contains(WHOLE_FORM)).then(text.str.replace("[.]0*$", ""))
    return pl.coalesce(text.cast(pl.Int64, strict=False), rest.cast(pl.Int64, strict=False))


def to_money(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars(BLANKS)
    good = pl.when(text.str.contains(MONEY_FORM)).then(text.str.replace_all("[$€£,]", ""))
    return good.cast(MONEY, strict=False)


def to_time(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars(BLANKS)
    return pl.coalesce(
        text.str.to_datetime(PLAIN_TIME, strict=False),
        text.str.to_datetime(TIME_WITH_OFFSET, strict=False).dt.replace_time_zone(None),
    )


def clean_customers(customers: pl.LazyFrame) -> pl.LazyFrame:
    email = pl.col("email").str.strip_chars().str.to_lowercase()
    return (
        customers.with_columns(
            to_whole("customer_id"),
            pl.col("name").str.strip_chars().fill_null("Unknown"),
            pl.when(email.str.contains("^[^@]+@[^@]+[.][^@]+$")).then(email).alias("email"),
            pl.col("location").str.strip_chars().fill_null("Unknown"),
        )
        .filter(pl.col("customer_id") > 0)
        .group_by("customer_id")
        .agg(pl.all().sort_by("line").last())
        .drop("line")
    )


def clean_products(products: pl.LazyFrame) -> pl.LazyFrame:
    return (
        products.with_columns(
            to_whole("product_id"),
            pl.col("name").str.strip_chars().fill_null("Unknown"),
            pl.col("category").str.strip_chars().fill_null("Uncategorised"),
            to_money("price"),
        )
        .filter(pl.col("product_id") > 0)
        .group_by("product_id")
        .agg(pl.all().sort_by("line").last())
        .drop("line")
    )


def clean_sales(sales: pl.LazyFrame, customers: Path, products: Path) -> pl.LazyFrame:
    latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    guest = pl.col("customer_id").is_null()
    typed = (
        sales.with_columns(
            to_whole("transaction_id"),
            pl.when(guest).then(0).otherwise(to_whole("customer_id")).alias("customer_id"),
            to_whole("product_id"),
            to_whole("quantity"),
            to_money("price"),
            to_time("timestamp"),
        )
        .drop_nulls()
        .filter(
            pl.col("transaction_id") > 0,
            pl.col("quantity") != 0,
            pl.col("quantity").abs() <= 1_000_000,
            pl.col("price") * pl.col("quantity").abs() < 10**14,
            pl.col("timestamp").is_between(datetime(1970, 1, 1), latest),
        )
    )
    known = pl.concat(
        [pl.scan_parquet(customers).select("customer_id"), pl.LazyFrame({"customer_id": [0]})]
    )
    return (
        typed.unique("transaction_id", keep="last", maintain_order=True)
        .join(known, on="customer_id", how="semi")
        .join(pl.scan_parquet(products), on="product_id", how="semi")
        .drop("line")
        .with_columns(total_sales=(pl.col("quantity") * pl.col("price")).cast(MONEY))
    )


def main() -> None:
    raw, result = Path(sys.argv[1]), Path(sys.argv[2])
    pl.Config.set_engine_affinity("streaming")
    customers, products = result / "customers.parquet", result / "products.parquet"
    clean_customers(scan(raw, "customers")).sink_parquet(customers)
    clean_products(scan(raw, "products")).sink_parquet(products)
    clean_sales(scan(raw, "sales"), customers, products).sink_parquet(result / "sales.parquet")


if __name__ == "__main__":
    main()
