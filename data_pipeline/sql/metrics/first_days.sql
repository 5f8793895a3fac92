-- grain: one row a customer who bought at least once (guests left out)
SELECT "customer_id", CAST(MIN({sale_time}) AS DATE) AS first_day
FROM "sales" AS s
WHERE "total_sales" > 0 AND "customer_id" <> 0
GROUP BY "customer_id"
