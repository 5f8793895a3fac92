-- customers, products: one row a key; sales: one row a transaction
CREATE TABLE raw_customers AS
SELECT * FROM read_csv(
    '{raw}/customers*.csv', auto_detect = false, header = true, ignore_errors = true, strict_mode = false,
    columns = {'customer_id': 'VARCHAR', 'name': 'VARCHAR', 'email': 'VARCHAR', 'location': 'VARCHAR'}
);

CREATE TABLE raw_products AS
SELECT * FROM read_csv(
    '{raw}/products*.csv', auto_detect = false, header = true, ignore_errors = true, strict_mode = false,
    columns = {'product_id': 'VARCHAR', 'name': 'VARCHAR', 'category': 'VARCHAR', 'price': 'VARCHAR'}
);

CREATE TABLE raw_sales AS
SELECT * FROM read_csv(
    '{raw}/sales*.csv', auto_detect = false, header = true, ignore_errors = true, strict_mode = false,
    columns = {
        'transaction_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'product_id': 'VARCHAR',
        'quantity': 'VARCHAR', 'price': 'VARCHAR', 'timestamp': 'VARCHAR'
    }
);

CREATE TABLE customers AS
SELECT
    try_cast(customer_id AS BIGINT) AS customer_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    CASE WHEN email LIKE '%@%' THEN lower(trim(email)) END AS email,
    coalesce(nullif(trim(location), ''), 'Unknown') AS location
FROM raw_customers
WHERE try_cast(customer_id AS BIGINT) > 0
QUALIFY row_number() OVER (PARTITION BY try_cast(customer_id AS BIGINT) ORDER BY rowid DESC) = 1;

CREATE TABLE products AS
SELECT
    try_cast(product_id AS BIGINT) AS product_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    coalesce(nullif(trim(category), ''), 'Uncategorised') AS category,
    try_cast(price AS DECIMAL(18,4)) AS price
FROM raw_products
WHERE try_cast(product_id AS BIGINT) > 0
QUALIFY row_number() OVER (PARTITION BY try_cast(product_id AS BIGINT) ORDER BY rowid DESC) = 1;

CREATE TABLE sales AS
WITH typed AS (
    SELECT
        rowid AS line,
        try_cast(transaction_id AS BIGINT) AS transaction_id,
        CASE
            WHEN customer_id IS NULL OR trim(customer_id) IN ('', 'NULL', 'null', 'N/A', 'NA') THEN 0
            ELSE try_cast(customer_id AS BIGINT)
        END AS customer_id,
        try_cast(product_id AS BIGINT) AS product_id,
        try_cast(quantity AS INTEGER) AS quantity,
        try_cast(replace(replace(price, '$', ''), ',', '') AS DECIMAL(18,4)) AS price,
        try_cast("timestamp" AS TIMESTAMP) AS "timestamp"
    FROM raw_sales
)
SELECT
    transaction_id, customer_id, product_id,
    try_cast(quantity * price::DECIMAL(38,4) AS DECIMAL(18,4)) AS total_sales, "timestamp", quantity, price
FROM typed
WHERE transaction_id > 0
    AND quantity <> 0 AND abs(quantity) <= 1000000
    AND price >= 0
    AND try_cast(quantity * price::DECIMAL(38,4) AS DECIMAL(18,4)) IS NOT NULL
    AND "timestamp" BETWEEN TIMESTAMP '1970-01-01' AND now()::TIMESTAMP + INTERVAL 1 DAY
    AND (customer_id = 0 OR customer_id IN (SELECT customer_id FROM customers))
    AND product_id IN (SELECT product_id FROM products)
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY line DESC) = 1;

DROP TABLE raw_customers;
DROP TABLE raw_products;
DROP TABLE raw_sales;
