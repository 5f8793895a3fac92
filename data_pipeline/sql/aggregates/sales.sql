-- grain: one row a day, category, country, channel and kind of customer, with the sums of its sales
WITH numbered AS (
  SELECT
    "product_id",
    "category",
    "cost",
    DENSE_RANK() OVER (ORDER BY "category") AS category_number
  FROM {products}
),
categories AS (
  SELECT DISTINCT category_number, "category"
  FROM numbered
),
countries AS (
  SELECT DISTINCT country_number, country
  FROM {located}
),
timed AS (
  SELECT
    CAST({sale_time} AS DATE) AS day,
    p.category_number AS category_number,
    l.country_number AS country_number,
    s."channel" AS channel,
    s."customer_id" AS customer_id,
    l.first_day AS first_day,
    s."order_id" AS order_id,
    s."total_sales" AS total_sales,
    s."quantity" AS quantity,
    s."discount" AS discount,
    p."cost" AS cost
  FROM {lines} AS s
  LEFT JOIN numbered AS p ON p."product_id" = s."product_id"
  LEFT JOIN {located} AS l ON l.customer_id = s."customer_id"
),
folded AS (
  SELECT
    day,
    category_number,
    country_number,
    channel,
    CASE WHEN customer_id = 0 THEN 0 ELSE -1 END AS customer_id,
    CASE WHEN day = first_day THEN 1 ELSE 0 END AS is_first_day,
    SIGN(total_sales) AS direction,
    CASE WHEN cost IS NULL THEN 0 ELSE 1 END AS has_cost,
    COUNT(*) AS sale_rows,
    COUNT(order_id) AS numbered_rows,
    SUM(total_sales) AS total_sales,
    SUM(quantity) AS quantity,
    SUM(discount) AS discount,
    SUM(quantity * cost) AS cost_of_sale
  FROM timed
  GROUP BY
    day,
    category_number,
    country_number,
    channel,
    CASE WHEN customer_id = 0 THEN 0 ELSE -1 END,
    CASE WHEN day = first_day THEN 1 ELSE 0 END,
    SIGN(total_sales),
    CASE WHEN cost IS NULL THEN 0 ELSE 1 END
),
sale AS (
  SELECT
    f.day AS day,
    c."category" AS category,
    l.country AS country,
    COALESCE(f.channel, 'Unknown') AS channel,
    f.customer_id AS customer_id,
    CASE WHEN f.is_first_day = 1 THEN f.day END AS first_day,
    f.sale_rows AS sale_rows,
    f.numbered_rows AS numbered_rows,
    f.total_sales AS total_sales,
    f.quantity AS quantity,
    f.discount AS discount,
    f.cost_of_sale AS cost_of_sale
  FROM folded AS f
  LEFT JOIN categories AS c ON c.category_number = f.category_number
  LEFT JOIN countries AS l ON l.country_number = f.country_number
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
