-- grain: one row a pair of products of the $most products in most orders, sold together in at
-- least $min_orders orders
WITH baskets AS (
  SELECT DISTINCT s."order_id" AS order_id, s."product_id" AS product_id
  FROM "sales" AS s
  WHERE s."total_sales" > 0 AND s."order_id" IS NOT NULL
),
sold AS (
  SELECT product_id, COUNT(*) AS orders
  FROM baskets
  GROUP BY product_id
),
ranked AS (
  SELECT product_id, orders, ROW_NUMBER() OVER (ORDER BY orders DESC, product_id) AS place
  FROM sold
),
frequent AS (
  SELECT b.order_id AS order_id, b.product_id AS product_id
  FROM baskets AS b
  JOIN ranked AS f ON f.product_id = b.product_id
  WHERE f.place <= $most
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
