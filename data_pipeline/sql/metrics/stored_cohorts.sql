-- grain: one row a cohort (month of the first sale) and number of months since, with the customers
-- who bought in that month
SELECT cohort, DATE_DIFF('month', cohort, month) AS months_since, customers
FROM agg_cohorts
ORDER BY cohort, months_since
