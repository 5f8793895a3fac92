-- grain: one row a day, country, channel, kind of customer and order in several places (else '')
WITH countries AS (
  SELECT DISTINCT country_number, country
  FROM {places}
),
folded AS (
  SELECT
    CAST(o.sale_hour AS DATE) AS day,
    l.country_number AS country_number,
    o.channel AS channel,
    CASE WHEN o.customer_id = 0 THEN 0 ELSE -1 END AS customer_id,
    CASE WHEN CAST(o.sale_hour AS DATE) = f.first_day THEN 1 ELSE 0 END AS is_first_day,
    o.order_id AS order_id,
    COUNT(*) AS places
  FROM {orders} AS o
  LEFT JOIN {places} AS l ON l.customer_id = o.customer_id
  LEFT JOIN {buyers} AS f ON f.customer_id = o.customer_id
  GROUP BY
    CAST(o.sale_hour AS DATE),
    l.country_number,
    o.channel,
    CASE WHEN o.customer_id = 0 THEN 0 ELSE -1 END,
    CASE WHEN CAST(o.sale_hour AS DATE) = f.first_day THEN 1 ELSE 0 END,
    o.order_id
),
placed AS (
  SELECT
    f.day AS day,
    c.country AS country,
    f.channel AS channel,
    f.customer_id AS customer_id,
    CASE WHEN f.is_first_day = 1 THEN f.day END AS first_day,
    f.order_id AS order_id,
    f.places AS places
  FROM folded AS f
  LEFT JOIN countries AS c ON c.country_number = f.country_number
),
counted AS (
  SELECT
    day,
    country,
    channel,
    {new_or_returning} AS new_or_returning,
    order_id,
    CASE WHEN order_id = '' THEN places ELSE 1 END AS row_count,
    CASE WHEN order_id = '' THEN places ELSE 0 END AS orders
  FROM placed
  UNION ALL
  SELECT
    day,
    country,
    channel,
    new_or_returning,
    '' AS order_id,
    single_orders AS row_count,
    single_orders AS orders
  FROM {sales_cells}
  WHERE single_orders <> 0
)
SELECT
  day,
  country,
  channel,
  new_or_returning,
  order_id,
  CAST(SUM(row_count) AS BIGINT) AS row_count,
  CAST(SUM(orders) AS BIGINT) AS orders
FROM counted
GROUP BY day, country, channel, new_or_returning, order_id
