-- grain: one row an order number, with the ends of what its sales differ in
WITH channels AS (
  SELECT channel, ROW_NUMBER() OVER (ORDER BY channel) AS channel_number
  FROM (SELECT DISTINCT COALESCE("channel", 'Unknown') AS channel FROM {lines}) AS written
)
SELECT
  s."order_id" AS order_id,
  MIN(s."customer_id") AS first_customer,
  MAX(s."customer_id") AS last_customer,
  MIN(DATE_TRUNC('hour', {sale_time})) AS first_hour,
  MAX(DATE_TRUNC('hour', {sale_time})) AS last_hour,
  MIN(c.channel_number) AS first_channel,
  MAX(c.channel_number) AS last_channel
FROM {lines} AS s
JOIN channels AS c ON c.channel = COALESCE(s."channel", 'Unknown')
WHERE s."total_sales" > 0 AND s."order_id" IS NOT NULL
GROUP BY s."order_id"
