MODEL (name raw.sales, kind FULL, columns (
    line BIGINT,
    "transaction_id" TEXT,
    "customer_id" TEXT,
    "product_id" TEXT,
    "quantity" TEXT,
    "price" TEXT,
    "timestamp" TEXT
));

SELECT row_number() OVER () AS line, *
FROM read_csv(
    @raw || '/sales*.csv', all_varchar = true, header = true, delim = ',', quote = '"',
    ignore_errors = true, strict_mode = false
)
