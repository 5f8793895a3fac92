-- grain: one row a product, with the number of its sales
SELECT
  s."product_id" AS product_id,
  COUNT(CASE WHEN s."total_sales" > 0 THEN 1 END) AS sold_rows
FROM {sales} AS s
GROUP BY s."product_id"
