-- grain: one row a pair of products of the $most products with most sales, sold together in at
-- least $min_orders orders
WITH ranked AS (
  SELECT product_id, ROW_NUMBER() OVER (ORDER BY sold_rows DESC, product_id) AS place
  FROM {products} AS known
),
frequent AS (
  SELECT DISTINCT s."order_id" AS order_id, s."product_id" AS product_id
  FROM {sales} AS s
  JOIN ranked AS r ON r.product_id = s."product_id"
  WHERE r.place <= $most AND s."total_sales" > 0 AND s."order_id" IS NOT NULL
),
sold AS (
  SELECT product_id, COUNT(*) AS orders
  FROM frequent
  GROUP BY product_id
),
pairs AS (
  SELECT a.product_id AS first_id, b.product_id AS second_id, COUNT(*) AS orders
  FROM frequent AS a
  JOIN frequent AS b ON b.order_id = a.order_id AND b.product_id > a.product_id
  GROUP BY a.product_id, b.product_id
  HAVING COUNT(*) >= $min_orders
)
SELECT
  x.first_id AS first_id,
  p."name" AS first_name,
  x.second_id AS second_id,
  q."name" AS second_name,
  x.orders AS orders,
  f.orders AS first_orders,
  g.orders AS second_orders
FROM pairs AS x
JOIN sold AS f ON f.product_id = x.first_id
JOIN sold AS g ON g.product_id = x.second_id
JOIN "products" AS p ON p."product_id" = x.first_id
JOIN "products" AS q ON q."product_id" = x.second_id
ORDER BY first_id, second_id
