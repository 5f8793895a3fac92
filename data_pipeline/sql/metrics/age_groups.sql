-- grain: one row an age group (of ten years, in the year {year}) with its customers and net sales
WITH aged AS (
  SELECT
    CASE
      WHEN c."birth_year" IS NULL THEN 'Unknown'
      WHEN {year} - c."birth_year" < 20 THEN 'under 20'
      WHEN {year} - c."birth_year" < 30 THEN '20 to 29'
      WHEN {year} - c."birth_year" < 40 THEN '30 to 39'
      WHEN {year} - c."birth_year" < 50 THEN '40 to 49'
      WHEN {year} - c."birth_year" < 60 THEN '50 to 59'
      WHEN {year} - c."birth_year" < 70 THEN '60 to 69'
      ELSE '70 and over'
    END AS age_group,
    COALESCE(c."birth_year", 0) AS birth_year,
    CASE WHEN b.first_day IS NULL THEN 0 ELSE 1 END AS is_buyer,
    b.net_sales AS net_sales
  FROM {bought} AS b
  JOIN "customers" AS c ON c."customer_id" = b.customer_id
)
SELECT
  age_group,
  SUM(is_buyer) AS customers,
  SUM(net_sales) AS net_sales
FROM aged
GROUP BY age_group
ORDER BY MAX(birth_year) DESC
