-- grain: one row a cohort (month of the first sale) and number of months since, with the customers
-- who bought in that month
WITH active AS (
  SELECT DISTINCT
    s."customer_id" AS customer_id,
    CAST(DATE_TRUNC('month', CAST({sale_time} AS DATE)) AS DATE) AS month
  FROM {sales} AS s
  WHERE s."total_sales" > 0 AND s."customer_id" <> 0
),
cohorts AS (
  SELECT customer_id, MIN(month) AS cohort
  FROM active
  GROUP BY customer_id
)
SELECT
  c.cohort AS cohort,
  DATE_DIFF('month', c.cohort, a.month) AS months_since,
  COUNT(*) AS customers
FROM active AS a
JOIN cohorts AS c ON c.customer_id = a.customer_id
GROUP BY c.cohort, DATE_DIFF('month', c.cohort, a.month)
ORDER BY cohort, months_since
