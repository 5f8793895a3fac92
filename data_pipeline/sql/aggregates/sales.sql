-- grain: one row a day, category, country, channel and kind of customer, with the sums of its sales
WITH sale AS (
  SELECT
    day,
    category,
    country,
    channel,
    CASE WHEN kind = 0 THEN 0 ELSE -1 END AS customer_id,
    CASE WHEN kind = 1 THEN day END AS first_day,
    sale_rows,
    numbered_rows,
    quantity,
    {total_sales} AS total_sales,
    {discount} AS discount,
    CASE WHEN has_cost = 1 THEN {cost_of_sale} END AS cost_of_sale
  FROM {cells}
)
SELECT
  day,
  category,
  country,
  channel,
  {new_or_returning} AS new_or_returning,
  CAST(SUM(sale_rows) AS BIGINT) AS row_count,
  CAST(
    SUM(CASE WHEN total_sales > 0 THEN sale_rows - numbered_rows ELSE 0 END) AS BIGINT
  ) AS single_orders,
  {measures}
FROM sale
GROUP BY day, category, country, channel, {new_or_returning}
