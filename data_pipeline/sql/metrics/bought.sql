-- grain: one row a customer with sales or returns, guests left out
SELECT
  s."customer_id" AS customer_id,
  CAST(MIN(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS first_day,
  CAST(MAX(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS last_day,
  COUNT(DISTINCT CASE WHEN s."total_sales" > 0 THEN s."order_id" END)
    + COUNT(CASE WHEN s."total_sales" > 0 AND s."order_id" IS NULL THEN 1 END) AS orders,
  SUM(s."total_sales") AS net_sales
FROM {sales} AS s
WHERE s."customer_id" <> 0
GROUP BY s."customer_id"
