-- grain: one row a customer with sales or returns, guests left out
SELECT
  s."customer_id" AS customer_id,
  CAST(MIN(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS first_day,
  CAST(MAX(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS last_day,
  {orders} AS orders,
  SUM(s."total_sales") AS net_sales
FROM {sales} AS s
WHERE s."customer_id" <> 0
GROUP BY s."customer_id"
