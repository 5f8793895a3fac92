-- grain: one row a day, hour, channel and order that stands in several cells (else ''), with sums
WITH sale AS (
  SELECT
    day,
    hour,
    channel,
    sale_rows,
    numbered_rows,
    quantity,
    {total_sales} AS total_sales,
    {discount} AS discount
  FROM {cells}
),
parts AS (
  SELECT
    day,
    hour,
    channel,
    '' AS order_id,
    SUM(sale_rows) AS row_count,
    SUM(CASE WHEN total_sales > 0 THEN sale_rows - numbered_rows ELSE 0 END) AS orders,
    {measures}
  FROM sale
  GROUP BY day, hour, channel
  UNION ALL
  SELECT
    CAST(sale_hour AS DATE) AS day,
    CAST(EXTRACT(HOUR FROM sale_hour) AS BIGINT) AS hour,
    channel,
    order_id,
    CASE WHEN order_id = '' THEN 0 ELSE 1 END AS row_count,
    SUM(CASE WHEN order_id = '' THEN 1 ELSE 0 END) AS orders,
    {no_measures}
  FROM {orders}
  GROUP BY sale_hour, channel, order_id
)
SELECT
  day,
  hour,
  channel,
  order_id,
  CAST(SUM(row_count) AS BIGINT) AS row_count,
  CAST(SUM(orders) AS BIGINT) AS orders,
  {sums}
FROM parts
GROUP BY day, hour, channel, order_id
