SELECT
    {{ whole("product_id") }} AS product_id,
    coalesce(nullif(trim(name), ''), 'Unknown') AS name,
    coalesce({{ present("category") }}, 'Uncategorised') AS category,
    {{ money("price") }} AS price
FROM {{ ref("raw_products") }} AS r
WHERE {{ whole("r.product_id") }} > 0
QUALIFY row_number() OVER (PARTITION BY {{ whole("r.product_id") }} ORDER BY r.rowid DESC) = 1
