-- grain: one row a customer, with the country that is the last part of the location and the domain
-- of the mail address
SELECT
  "customer_id" AS customer_id,
  "location" AS location,
  {country} AS country,
  {mail_domain} AS mail_domain
FROM "customers"
