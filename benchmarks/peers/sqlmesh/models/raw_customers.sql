MODEL (name raw.customers, kind FULL, columns (
    line BIGINT,
    "customer_id" TEXT,
    "name" TEXT,
    "email" TEXT,
    "location" TEXT
));

SELECT row_number() OVER () AS line, *
FROM read_csv(
    @raw || '/customers*.csv', all_varchar = true, header = true, delim = ',', quote = '"',
    ignore_errors = true, strict_mode = false
)
