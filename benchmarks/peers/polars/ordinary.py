"""Clean the store with Polars as most people write it: eager, money as floats.

python ordinary.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

MISSING = ["", "NULL", "null", "N/A", "NA", "None", "nan", "-"]
BLANKS = ' \t"'


def read(folder: Path, table: str) -> pl.DataFrame:
    files = sorted(folder.glob(f"{table}*.csv"))
    return pl.concat(
        pl.read_csv(
            file,
            infer_schema=False,
            null_values=MISSING,
            truncate_ragged_lines=True,
            ignore_errors=True,
            encoding="utf8-lossy",
            quote_char=None if table == "sales" else '"',  # one bad quote would refuse the file
        )
        for file in files
    )


def to_whole(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars(BLANKS).cast(pl.Int64, strict=False)


def to_number(column: str) -> pl.Expr:
    bare = pl.col(column).str.strip_chars(BLANKS).str.replace_all("[$€£,]", "")
    return bare.cast(pl.Float64, strict=False)


def clean_customers(customers: pl.DataFrame) -> pl.DataFrame:
    email = pl.col("email").str.strip_chars().str.to_lowercase()
    return (
        customers.with_columns(
            to_whole("customer_id"),
            pl.col("name").str.strip_chars().fill_null("Unknown"),
            pl.when(email.str.contains("@", literal=True)).then(email).alias("email"),
            pl.col("location").str.strip_chars().fill_null("Unknown"),
        )
        .filter(pl.col("customer_id") > 0)
        .unique("customer_id", keep="last", maintain_order=True)
    )


def clean_products(products: pl.DataFrame) -> pl.DataFrame:
    return (
        products.with_columns(
            to_whole("product_id"),
            pl.col("name").str.strip_chars().fill_null("Unknown"),
            pl.col("category").str.strip_chars().fill_null("Uncategorised"),
            to_number("price"),
        )
        .filter(pl.col("product_id") > 0)
        .unique("product_id", keep="last", maintain_order=True)
    )


def clean_sales(
    sales: pl.DataFrame, customers: pl.DataFrame, products: pl.DataFrame
) -> pl.DataFrame:
    guest = pl.col("customer_id").is_null()
    moment = pl.col("timestamp").str.strip_chars()
    sales = sales.with_columns(
        to_whole("transaction_id"),
        pl.when(guest).then(0).otherwise(to_whole("customer_id")).alias("customer_id"),
        to_whole("product_id"),
        to_number("quantity"),
        to_number("price"),
        pl.coalesce(
            moment.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
            moment.str.to_datetime("%Y-%m-%d %H:%M:%S%:z", strict=False).dt.replace_time_zone(None),
        ),
    )
    latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    sales = sales.with_columns(total_sales=pl.col("quantity") * pl.col("price"))
    sales = sales.drop_nulls().filter(
        pl.col("transaction_id") > 0,
        pl.col("quantity") != 0,
        pl.col("quantity") % 1 == 0,
        pl.col("quantity").abs() <= 1_000_000,
        pl.col("price") >= 0,
        pl.col("total_sales").abs() < 1e14,
        pl.col("timestamp") <= latest,
        pl.col("customer_id").is_in(customers["customer_id"].implode())
        | (pl.col("customer_id") == 0),
        pl.col("product_id").is_in(products["product_id"].implode()),
    )
    return sales.unique("transaction_id", keep="last", maintain_order=True)


def main() -> None:
    raw, result = Path(sys.argv[1]), Path(sys.argv[2])
    customers = clean_customers(read(raw, "customers"))
    products = clean_products(read(raw, "products"))
    sales = clean_sales(read(raw, "sales"), customers, products)
    customers.write_parquet(result / "customers.parquet")
    products.write_parquet(result / "products.parquet")
    sales.write_parquet(result / "sales.parquet")


if __name__ == "__main__":
    main()
