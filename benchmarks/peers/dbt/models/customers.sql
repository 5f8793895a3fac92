SELECT
    {{ whole("customer_id") }} AS customer_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    CASE WHEN email LIKE '%_@_%._%' THEN lower(trim(email)) END AS email,
    coalesce({{ present("location") }}, 'Unknown') AS location
FROM {{ ref("raw_customers") }} AS r
WHERE {{ whole("r.customer_id") }} > 0
QUALIFY row_number() OVER (PARTITION BY {{ whole("r.customer_id") }} ORDER BY r.rowid DESC) = 1
