-- grain: one row a number of days between two following buying days of one customer
WITH bought AS (
  SELECT s."customer_id" AS customer_id, CAST({sale_time} AS DATE) AS day
  FROM {sales} AS s
  WHERE s."total_sales" > 0 AND s."customer_id" <> 0
),
steps AS (
  SELECT day, LAG(day) OVER (PARTITION BY customer_id ORDER BY day) AS day_before
  FROM bought
)
SELECT
  DATE_DIFF('day', day_before, day) AS days,
  COUNT(*) AS purchases
FROM steps
WHERE day_before < day
GROUP BY DATE_DIFF('day', day_before, day)
ORDER BY days
