"""Clean the store with PySpark on two threads of this machine.

python job.py RAW_FOLDER RESULT_FOLDER
"""

import sys
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as f

MISSING = ["", "NULL", "null", "N/A", "NA", "None", "nan", "-"]
SCHEMAS = {
    "customers": "customer_id STRING, name STRING, email STRING, location STRING",
    "products": "product_id STRING, name STRING, category STRING, price STRING",
    "sales": "transaction_id STRING, customer_id STRING, product_id STRING, "
    "quantity STRING, price STRING, timestamp STRING",
}
MONEY = "DECIMAL(18,4)"


def read(spark: SparkSession, raw: str, table: str) -> DataFrame:
    """Lines that do not fit the columns are left out by the reader."""
    files = [str(file) for file in sorted(Path(raw).glob(f"{table}*.csv"))]
    return spark.read.csv(
        files, schema=SCHEMAS[table], header=True, mode="DROPMALFORMED", escape='"'
    )


def present(column: str) -> Column:
    text = f.trim(column)
    return f.when(~text.isin(MISSING), text)


def whole(column: str) -> Column:
    text = present(column)
    return f.when(
        text.rlike("^[+-]?[0-9]+([.]0*)?$"), f.regexp_replace(text, "[.]0*$", "").try_cast("BIGINT")
    )


def money(column: str) -> Column:
    text = present(column)
    good = text.rlike("^[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?$")
    return f.when(good, f.regexp_replace(text, "[$€£,]", "").try_cast(MONEY))


def newest(rows: DataFrame, key: str) -> DataFrame:
    """The last line of each key; a line's place is as near as Spark comes to its number."""
    last_first = Window.partitionBy(key).orderBy(f.desc("line"))
    ranked = rows.withColumn("rank", f.row_number().over(last_first))
    return ranked.filter("rank = 1").drop("rank", "line")


def clean_customers(raw: DataFrame) -> DataFrame:
    email = f.lower(f.trim("email"))
    rows = raw.select(
        whole("customer_id").alias("customer_id"),
        f.coalesce(f.trim("name"), f.lit("Unknown")).alias("name"),
        f.when(email.like("%_@_%._%"), email).alias("email"),
        f.coalesce(present("location"), f.lit("Unknown")).alias("location"),
        f.monotonically_increasing_id().alias("line"),
    )
    return newest(rows.filter("customer_id > 0"), "customer_id")


def clean_products(raw: DataFrame) -> DataFrame:
    rows = raw.select(
        whole("product_id").alias("product_id"),
        f.coalesce(f.trim("name"), f.lit("Unknown")).alias("name"),
        f.coalesce(present("category"), f.lit("Uncategorised")).alias("category"),
        money("price").alias("price"),
        f.monotonically_increasing_id().alias("line"),
    )
    return newest(rows.filter("product_id > 0"), "product_id")


def clean_sales(raw: DataFrame, customers: DataFrame, products: DataFrame) -> DataFrame:
    customer = f.when(present("customer_id").isNull(), 0).otherwise(whole("customer_id"))
    typed = raw.select(
        whole("transaction_id").alias("transaction_id"),
        customer.alias("customer_id"),
        whole("product_id").alias("product_id"),
        whole("quantity").alias("quantity"),
        money("price").alias("price"),
        present("timestamp").try_cast("TIMESTAMP").alias("timestamp"),
        f.monotonically_increasing_id().alias("line"),
    )
    good = (
        typed.withColumn("total_sales", f.expr(f"try_cast(quantity * price AS {MONEY})"))
        .dropna()
        .filter("transaction_id > 0 AND quantity <> 0 AND abs(quantity) <= 1000000")
        .filter("timestamp BETWEEN TIMESTAMP '1970-01-01' AND now() + INTERVAL 1 DAY")
    )
    guest = customers.sparkSession.sql("SELECT CAST(0 AS BIGINT) AS customer_id")
    known = good.join(customers.select("customer_id").union(guest), "customer_id", "left_semi")
    return newest(known.join(products, "product_id", "left_semi"), "transaction_id")


def main() -> None:
    raw, result = sys.argv[1:]
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    for table, clean in (("customers", clean_customers), ("products", clean_products)):
        clean(read(spark, raw, table)).write.parquet(f"{result}/{table}.parquet")
    customers, products = (
        spark.read.parquet(f"{result}/{table}.parquet") for table in ("customers", "products")
    )
    sales = clean_sales(read(spark, raw, "sales"), customers, products)
    sales.write.parquet(f"{result}/sales.parquet")
    spark.stop()


if __name__ == "__main__":
    main()
