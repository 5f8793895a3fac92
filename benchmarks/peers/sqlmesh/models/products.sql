MODEL (name main.products, kind FULL);

WITH typed AS (
    SELECT
        line,
        CASE WHEN regexp_full_match(trim(product_id), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(product_id) AS BIGINT) END AS product_id,
        coalesce(nullif(trim(name), ''), 'Unknown') AS name,
        coalesce(CASE WHEN trim(category) NOT IN ('', 'NULL', 'null', 'N/A', 'NA', 'None', 'nan', '-') THEN trim(category) END, 'Uncategorised') AS category,
        CASE WHEN regexp_full_match(trim(price), '[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?') THEN TRY_CAST(regexp_replace(trim(price), '[$€£,]', '', 'g') AS DECIMAL(18,4)) END AS price
    FROM raw.products
)
SELECT product_id, name, category, price
FROM typed
WHERE product_id > 0
QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY line DESC) = 1
