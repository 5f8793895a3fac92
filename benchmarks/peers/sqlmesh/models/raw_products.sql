MODEL (name raw.products, kind FULL, columns (
    line BIGINT,
    "product_id" TEXT,
    "name" TEXT,
    "category" TEXT,
    "price" TEXT
));

SELECT row_number() OVER () AS line, *
FROM read_csv(
    @raw || '/products*.csv', all_varchar = true, header = true, delim = ',', quote = '"',
    ignore_errors = true, strict_mode = false
)
