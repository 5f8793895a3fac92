-- grain: one row a customer, with the country and its number
WITH places AS (
  SELECT location, {country} AS country
  FROM (SELECT DISTINCT "location" AS location FROM {customers}) AS written
),
numbered AS (
  SELECT location, country, DENSE_RANK() OVER (ORDER BY country) AS country_number
  FROM places
)
SELECT
  c."customer_id" AS customer_id,
  p.country AS country,
  p.country_number AS country_number
FROM {customers} AS c
LEFT JOIN numbered AS p ON p.location = c."location"
