"""Clean the store with pandas, as a tutorial would.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from pathlib import Path

import pandas as pd

MISSING = ["", "NULL", "null", "N/A", "NA", "None", "nan", "-"]


def read(folder: Path, table: str) -> pd.DataFrame:
    files = sorted(folder.glob(f"{table}*.csv"))
    return pd.concat(
        [
            pd.read_csv(
                file, dtype=str, na_values=MISSING, on_bad_lines="skip", encoding_errors="replace"
            )
            for file in files
        ],
        ignore_index=True,
    )


def to_number(text: "pd.Series[str]") -> "pd.Series[float]":
    bare = text.str.strip().str.replace(r"[$€£,]", "", regex=True)
    return pd.to_numeric(bare, errors="coerce")


def clean_customers(customers: pd.DataFrame) -> pd.DataFrame:
    customers["customer_id"] = to_number(customers["customer_id"])
    customers["name"] = customers["name"].str.strip().fillna("Unknown")
    customers["location"] = customers["location"].str.strip().fillna("Unknown")
    email = customers["email"].str.strip().str.lower()
    customers["email"] = email.where(email.str.contains("@", na=False))
    customers = customers[customers["customer_id"] > 0]
    return customers.drop_duplicates("customer_id", keep="last").astype({"customer_id": "int64"})


def clean_products(products: pd.DataFrame) -> pd.DataFrame:
    products["product_id"] = to_number(products["product_id"])
    products["name"] = products["name"].str.strip().fillna("Unknown")
    products["category"] = products["category"].str.strip().fillna("Uncategorised")
    products["price"] = to_number(products["price"])
    products = products[products["product_id"] > 0]
    return products.drop_duplicates("product_id", keep="last").astype({"product_id": "int64"})


def clean_sales(
    sales: pd.DataFrame, customers: pd.DataFrame, products: pd.DataFrame
) -> pd.DataFrame:
    guest = sales["customer_id"].isna()
    for column in ("transaction_id", "customer_id", "product_id", "quantity", "price"):
        sales[column] = to_number(sales[column])
    sales.loc[guest, "customer_id"] = 0
    sales["timestamp"] = pd.to_datetime(
        sales["timestamp"], format="ISO8601", utc=True, errors="coerce"
    ).dt.tz_localize(None)
    sales["total_sales"] = sales["quantity"] * sales["price"]
    sales = sales.dropna()
    latest = pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(days=1)
    sales = sales[
        (sales["transaction_id"] > 0)
        & (sales["transaction_id"] < 2**63)
        & (sales["quantity"] % 1 == 0)
        & (sales["quantity"] != 0)
        & (sales["quantity"].abs() <= 1_000_000)
        & (sales["price"] >= 0)
        & (sales["total_sales"].abs() < 1e14)
        & (sales["timestamp"] <= latest)
        & (sales["customer_id"].isin(customers["customer_id"]) | (sales["customer_id"] == 0))
        & sales["product_id"].isin(products["product_id"])
    ]
    sales = sales.drop_duplicates("transaction_id", keep="last")
    whole = ("transaction_id", "customer_id", "product_id", "quantity")
    return sales.astype(dict.fromkeys(whole, "int64"))


def main() -> None:
    raw, result = Path(sys.argv[1]), Path(sys.argv[2])
    customers = clean_customers(read(raw, "customers"))
    products = clean_products(read(raw, "products"))
    sales = clean_sales(read(raw, "sales"), customers, products)
    customers.to_parquet(result / "customers.parquet", index=False)
    products.to_parquet(result / "products.parquet", index=False)
    sales.to_parquet(result / "sales.parquet", index=False)


if __name__ == "__main__":
    main()
