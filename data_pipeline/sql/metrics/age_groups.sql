-- grain: one row an age group (of ten years, in the year {year}) with its customers and net sales
WITH aged AS (
  SELECT
    CASE
      WHEN birth_year IS NULL THEN 'Unknown'
      WHEN {year} - birth_year < 20 THEN 'under 20'
      WHEN {year} - birth_year < 30 THEN '20 to 29'
      WHEN {year} - birth_year < 40 THEN '30 to 39'
      WHEN {year} - birth_year < 50 THEN '40 to 49'
      WHEN {year} - birth_year < 60 THEN '50 to 59'
      WHEN {year} - birth_year < 70 THEN '60 to 69'
      ELSE '70 and over'
    END AS age_group,
    COALESCE(birth_year, 0) AS birth_year,
    customers,
    net_sales
  FROM {cells} AS counted
)
SELECT
  age_group,
  CAST(SUM(customers) AS BIGINT) AS customers,
  SUM(net_sales) AS net_sales
FROM aged
GROUP BY age_group
ORDER BY MAX(birth_year) DESC
