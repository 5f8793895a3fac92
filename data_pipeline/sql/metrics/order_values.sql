-- grain: one row a band of order values (its lower bound), with the orders and their sales
SELECT
  CASE {band_cases} ELSE 0 END AS low,
  COUNT(*) AS orders,
  SUM(order_value) AS paid_sales
FROM (
  SELECT
    order_id,
    CASE WHEN order_id IS NULL THEN transaction_id END AS single_sale,
    SUM(total_sales) AS order_value
  FROM sale
  WHERE {condition}
  GROUP BY order_id, CASE WHEN order_id IS NULL THEN transaction_id END
) AS valued
GROUP BY CASE {band_cases} ELSE 0 END
ORDER BY low
