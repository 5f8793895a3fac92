MODEL (name main.customers, kind FULL);

WITH typed AS (
    SELECT
        line,
        CASE WHEN regexp_full_match(trim(customer_id), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(trim(customer_id) AS BIGINT) END AS customer_id,
        coalesce(nullif(trim(name), ''), 'Unknown') AS name,
        CASE WHEN email LIKE '%_@_%._%' THEN lower(trim(email)) END AS email,
        coalesce(CASE WHEN trim(location) NOT IN ('', 'NULL', 'null', 'N/A', 'NA', 'None', 'nan', '-') THEN trim(location) END, 'Unknown') AS location
    FROM raw.customers
)
SELECT customer_id, name, email, location
FROM typed
WHERE customer_id > 0
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY line DESC) = 1
