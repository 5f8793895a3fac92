-- grain: one row a customer, with the country that is the last part of the location
SELECT "customer_id" AS customer_id, "location" AS location, {country} AS country
FROM "customers"
