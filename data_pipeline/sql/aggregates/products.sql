-- grain: one row a product, with the sums of its sales
WITH sale AS (
  SELECT
    s."product_id" AS product_id,
    COUNT(*) AS sale_rows,
    SUM(s."total_sales") AS total_sales,
    SUM(s."quantity") AS quantity,
    SUM(s."discount") AS discount
  FROM {lines} AS s
  GROUP BY s."product_id", SIGN(s."total_sales")
)
SELECT
  product_id,
  CAST(SUM(sale_rows) AS BIGINT) AS row_count,
  CAST(SUM(CASE WHEN total_sales > 0 THEN sale_rows ELSE 0 END) AS BIGINT) AS sold_rows,
  {measures}
FROM sale
GROUP BY product_id
