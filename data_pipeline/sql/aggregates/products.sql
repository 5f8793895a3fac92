-- grain: one row a product, with the sums of its sales
WITH sale AS (
  SELECT
    product_id,
    sale_rows,
    quantity,
    {total_sales} AS total_sales,
    {discount} AS discount
  FROM {cells}
)
SELECT
  product_id,
  CAST(SUM(sale_rows) AS BIGINT) AS row_count,
  CAST(SUM(CASE WHEN total_sales > 0 THEN sale_rows ELSE 0 END) AS BIGINT) AS sold_rows,
  {measures}
FROM sale
GROUP BY product_id
