-- grain: one row a sale that a number counts, the newest first, at most $most
SELECT
  s."transaction_id" AS transaction_id,
  g.sale_time AS sale_time,
  s."order_id" AS order_id,
  s."customer_id" AS customer_id,
  s."product_id" AS product_id,
  p."name" AS product,
  p."category" AS category,
  s."quantity" AS quantity,
  s."price" AS price,
  s."discount" AS discount,
  s."total_sales" AS total_sales,
  s."channel" AS channel,
  c."location" AS location,
  s."source_file" AS source_file,
  s."source_line" AS source_line,
  s."repairs" AS repairs
FROM (
  SELECT transaction_id, sale_time
  FROM sale
  WHERE {condition}
  ORDER BY sale_time DESC, transaction_id DESC
  LIMIT $most
) AS g
JOIN "sales" AS s ON s."transaction_id" = g.transaction_id
JOIN "products" AS p ON p."product_id" = s."product_id"
JOIN "customers" AS c ON c."customer_id" = s."customer_id"
ORDER BY sale_time DESC, transaction_id DESC
