-- grain: one row a customer with sales or returns, guests left out
WITH numbered AS (
  SELECT customer_id, COUNT(*) AS orders
  FROM (
    SELECT customer_id
    FROM {orders}
    WHERE order_id = ''
    UNION ALL
    SELECT customer_id
    FROM (SELECT DISTINCT customer_id, order_id FROM {orders} WHERE order_id <> '') AS places
  ) AS counted
  GROUP BY customer_id
)
SELECT
  s.customer_id AS customer_id,
  s.first_day AS first_day,
  s.last_day AS last_day,
  CAST(s.orders + COALESCE(n.orders, 0) AS BIGINT) AS orders,
  CAST({net_sales} AS DECIMAL(38, 4)) AS net_sales
FROM {seen} AS s
LEFT JOIN numbered AS n ON n.customer_id = s.customer_id
