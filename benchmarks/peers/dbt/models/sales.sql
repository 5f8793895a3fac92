WITH typed AS (
    SELECT
        r.rowid AS line,
        {{ whole("transaction_id") }} AS transaction_id,
        CASE
            WHEN {{ present("customer_id") }} IS NULL THEN 0
            ELSE nullif({{ whole("customer_id") }}, 0)
        END AS customer_id,
        {{ whole("product_id") }} AS product_id,
        {{ whole("quantity") }} AS quantity,
        {{ money("price") }} AS price,
        try_cast(trim("timestamp") AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS "timestamp"
    FROM {{ ref("raw_sales") }} AS r
)
SELECT
    transaction_id, customer_id, product_id,
    try_cast(quantity * price AS DECIMAL(18,4)) AS total_sales, "timestamp", quantity, price
FROM typed
WHERE transaction_id > 0
    AND quantity <> 0 AND abs(quantity) <= 1000000
    AND try_cast(quantity * price AS DECIMAL(18,4)) IS NOT NULL
    AND "timestamp" BETWEEN TIMESTAMP '1970-01-01' AND now()::TIMESTAMP + INTERVAL 1 DAY
    AND (customer_id = 0 OR customer_id IN (SELECT customer_id FROM {{ ref("customers") }}))
    AND product_id IN (SELECT product_id FROM {{ ref("products") }})
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY line DESC) = 1
