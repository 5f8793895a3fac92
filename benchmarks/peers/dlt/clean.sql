-- customers, products: one row a key; sales: one row a transaction
SET TimeZone = 'UTC';
CREATE MACRO main.present(v) AS CASE
    WHEN trim(v) NOT IN ('', 'NULL', 'null', 'N/A', 'NA', 'None', 'nan', '-') THEN trim(v)
END;
CREATE MACRO main.whole(v) AS CASE
    WHEN regexp_full_match(v, '[+-]?[0-9]+([.]0*)?') THEN try_cast(v AS BIGINT)
END;
CREATE MACRO main.money(v) AS CASE
    WHEN regexp_full_match(v, '[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?')
        THEN try_cast(regexp_replace(v, '[$€£,]', '', 'g') AS DECIMAL(18,4))
END;

CREATE TABLE main.customers AS
SELECT
    main.whole(main.present(customer_id)) AS customer_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    CASE WHEN email LIKE '%_@_%._%' THEN lower(trim(email)) END AS email,
    coalesce(main.present(location), 'Unknown') AS location
FROM raw.customers
WHERE main.whole(main.present(customer_id)) > 0
QUALIFY row_number() OVER (
    PARTITION BY main.whole(main.present(customer_id)) ORDER BY rowid DESC
) = 1;

CREATE TABLE main.products AS
SELECT
    main.whole(main.present(product_id)) AS product_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    coalesce(main.present(category), 'Uncategorised') AS category,
    main.money(main.present(price)) AS price
FROM raw.products
WHERE main.whole(main.present(product_id)) > 0
QUALIFY row_number() OVER (
    PARTITION BY main.whole(main.present(product_id)) ORDER BY rowid DESC
) = 1;

CREATE TABLE main.sales AS
WITH typed AS (
    SELECT
        rowid AS line,
        main.whole(main.present(transaction_id)) AS transaction_id,
        CASE
            WHEN main.present(customer_id) IS NULL THEN 0
            ELSE nullif(main.whole(trim(customer_id)), 0)
        END AS customer_id,
        main.whole(main.present(product_id)) AS product_id,
        main.whole(main.present(quantity)) AS quantity,
        main.money(main.present(price)) AS price,
        try_cast(main.present("timestamp") AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS "timestamp"
    FROM raw.sales
)
SELECT
    transaction_id, customer_id, product_id,
    try_cast(quantity * price AS DECIMAL(18,4)) AS total_sales, "timestamp", quantity, price
FROM typed
WHERE transaction_id > 0
    AND quantity <> 0 AND abs(quantity) <= 1000000
    AND try_cast(quantity * price AS DECIMAL(18,4)) IS NOT NULL
    AND "timestamp" BETWEEN TIMESTAMP '1970-01-01' AND now()::TIMESTAMP + INTERVAL 1 DAY
    AND (customer_id = 0 OR customer_id IN (SELECT customer_id FROM main.customers))
    AND product_id IN (SELECT product_id FROM main.products)
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY line DESC) = 1;
