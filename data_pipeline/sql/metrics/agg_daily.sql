-- grain: one row a day, category, direction (1 sale, -1 return, 0 free), guests (customer_id 0) or
-- customers (-1), and known or unknown cost; so every additive metric can be read off these rows
WITH numbered AS (
  SELECT
    "product_id",
    "category",
    "cost",
    DENSE_RANK() OVER (ORDER BY "category") AS category_number
  FROM "products"
),
categories AS (
  SELECT DISTINCT category_number, "category"
  FROM numbered
),
folded AS (
  SELECT
    CAST({sale_time} AS DATE) AS day,
    p.category_number AS category_number,
    SIGN(s."total_sales") AS direction,
    CASE WHEN s."customer_id" = 0 THEN 0 ELSE -1 END AS customer_id,
    CASE WHEN p."cost" IS NULL THEN 0 ELSE 1 END AS has_cost,
    SUM(s."total_sales") AS total_sales,
    SUM(s."quantity") AS quantity,
    SUM(s."discount") AS discount,
    SUM(s."quantity" * p."cost") AS cost_of_sale
  FROM "sales" AS s
  LEFT JOIN numbered AS p ON p."product_id" = s."product_id"
  WHERE {condition}
  GROUP BY
    CAST({sale_time} AS DATE),
    p.category_number,
    SIGN(s."total_sales"),
    CASE WHEN s."customer_id" = 0 THEN 0 ELSE -1 END,
    CASE WHEN p."cost" IS NULL THEN 0 ELSE 1 END
)
SELECT
  f.day AS day,
  c."category" AS category,
  f.customer_id AS customer_id,
  f.total_sales AS total_sales,
  CAST(f.quantity AS BIGINT) AS quantity,
  f.discount AS discount,
  f.cost_of_sale AS cost_of_sale
FROM folded AS f
LEFT JOIN categories AS c ON c.category_number = f.category_number
