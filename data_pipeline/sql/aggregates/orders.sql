-- grain: one row an order in one place (order_id ''), or one a place of an order that has several;
-- a place is a customer, hour and channel
WITH channels AS (
  SELECT channel, ROW_NUMBER() OVER (ORDER BY channel) AS channel_number
  FROM (SELECT DISTINCT COALESCE("channel", 'Unknown') AS channel FROM {lines}) AS written
)
SELECT
  '' AS order_id,
  o.first_customer AS customer_id,
  o.first_hour AS sale_hour,
  c.channel AS channel
FROM {seen} AS o
JOIN channels AS c ON c.channel_number = o.first_channel
WHERE
  o.first_customer = o.last_customer
  AND o.first_hour = o.last_hour
  AND o.first_channel = o.last_channel
UNION ALL
SELECT DISTINCT
  s."order_id" AS order_id,
  s."customer_id" AS customer_id,
  DATE_TRUNC('hour', {sale_time}) AS sale_hour,
  COALESCE(s."channel", 'Unknown') AS channel
FROM {lines} AS s
JOIN {seen} AS o ON o.order_id = s."order_id"
WHERE
  s."total_sales" > 0
  AND NOT (
    o.first_customer = o.last_customer
    AND o.first_hour = o.last_hour
    AND o.first_channel = o.last_channel
  )
