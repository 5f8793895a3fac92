-- grain: one row a day, hour, channel and order that stands in several cells (else ''), with sums
WITH timed AS (
  SELECT
    DATE_TRUNC('hour', {sale_time}) AS sale_hour,
    s."channel" AS channel,
    s."order_id" AS order_id,
    s."total_sales" AS total_sales,
    s."quantity" AS quantity,
    s."discount" AS discount
  FROM {lines} AS s
),
sale AS (
  SELECT
    sale_hour,
    COALESCE(channel, 'Unknown') AS channel,
    COUNT(*) AS sale_rows,
    COUNT(order_id) AS numbered_rows,
    SUM(total_sales) AS total_sales,
    SUM(quantity) AS quantity,
    SUM(discount) AS discount
  FROM timed
  GROUP BY sale_hour, COALESCE(channel, 'Unknown'), SIGN(total_sales)
),
parts AS (
  SELECT
    sale_hour,
    channel,
    '' AS order_id,
    SUM(sale_rows) AS row_count,
    SUM(CASE WHEN total_sales > 0 THEN sale_rows - numbered_rows ELSE 0 END) AS orders,
    {measures}
  FROM sale
  GROUP BY sale_hour, channel
  UNION ALL
  SELECT
    sale_hour,
    channel,
    order_id,
    CASE WHEN order_id = '' THEN 0 ELSE 1 END AS row_count,
    SUM(CASE WHEN order_id = '' THEN 1 ELSE 0 END) AS orders,
    {no_measures}
  FROM {orders}
  GROUP BY sale_hour, channel, order_id
)
SELECT
  CAST(sale_hour AS DATE) AS day,
  CAST(EXTRACT(HOUR FROM sale_hour) AS BIGINT) AS hour,
  channel,
  order_id,
  CAST(SUM(row_count) AS BIGINT) AS row_count,
  CAST(SUM(orders) AS BIGINT) AS orders,
  {sums}
FROM parts
GROUP BY sale_hour, channel, order_id
