-- grain: one row a customer with sales or returns, guests left out
WITH single AS (
  SELECT
    s."customer_id" AS customer_id,
    CAST(MIN(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS first_day,
    CAST(MAX(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS last_day,
    COUNT(CASE WHEN s."total_sales" > 0 AND s."order_id" IS NULL THEN 1 END) AS orders,
    SUM(s."total_sales") AS net_sales
  FROM {lines} AS s
  WHERE s."customer_id" <> 0
  GROUP BY s."customer_id"
),
numbered AS (
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
  s.net_sales AS net_sales
FROM single AS s
LEFT JOIN numbered AS n ON n.customer_id = s.customer_id
