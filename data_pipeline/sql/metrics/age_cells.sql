-- grain: one row a year of birth, or none, with the buyers born in it and their net sales
SELECT
  c."birth_year" AS birth_year,
  COUNT(b.first_day) AS customers,
  SUM(b.net_sales) AS net_sales
FROM {bought} AS b
JOIN "customers" AS c ON c."customer_id" = b.customer_id
GROUP BY c."birth_year"
