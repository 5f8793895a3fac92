MODEL (name main.sales, kind FULL);

WITH typed AS (
    SELECT
        line,
        CASE WHEN regexp_full_match(trim(transaction_id), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(transaction_id) AS BIGINT) END AS transaction_id,
        CASE
            WHEN CASE WHEN trim(customer_id) NOT IN ('', 'NULL', 'null', 'N/A', 'NA', 'None', 'nan', '-') THEN trim(customer_id) END IS NULL THEN 0
            ELSE nullif(CASE WHEN regexp_full_match(trim(customer_id), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(customer_id) AS BIGINT) END, 0)
        END AS customer_id,
        CASE WHEN regexp_full_match(trim(product_id), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(product_id) AS BIGINT) END AS product_id,
        CASE WHEN regexp_full_match(trim(quantity), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(quantity) AS BIGINT) END AS quantity,
        CASE WHEN regexp_full_match(trim(price), '[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?') THEN TRY_CAST(regexp_replace(trim(price), '[$€£,]', '', 'g') AS DECIMAL(18,4)) END AS price,
        TRY_CAST(trim("timestamp") AS TIMESTAMPTZ) AS moment
    FROM raw.sales
)
SELECT
    transaction_id, customer_id, product_id,
    TRY_CAST(quantity * price AS DECIMAL(18,4)) AS total_sales,
    CAST(moment AS TIMESTAMP) AS "timestamp", quantity, price
FROM typed
WHERE transaction_id > 0
    AND quantity <> 0 AND abs(quantity) <= 1000000
    AND TRY_CAST(quantity * price AS DECIMAL(18,4)) IS NOT NULL
    AND moment BETWEEN TIMESTAMPTZ '1970-01-01 00:00:00+00' AND now() + INTERVAL 1 DAY
    AND (customer_id = 0 OR customer_id IN (SELECT customer_id FROM main.customers))
    AND product_id IN (SELECT product_id FROM main.products)
QUALIFY line = max(line) OVER (PARTITION BY transaction_id)
