-- grain: one row a hundredth of the items, the best sellers first, and ABC class
WITH items AS (
  SELECT item, net_sales
  FROM {items} AS sold
),
ranked AS (
  SELECT
    net_sales,
    ROW_NUMBER() OVER (ORDER BY net_sales DESC, item) AS place,
    SUM(net_sales) OVER (ORDER BY net_sales DESC, item ROWS UNBOUNDED PRECEDING) AS so_far,
    SUM(net_sales) OVER () AS everything
  FROM items
),
classed AS (
  SELECT
    net_sales,
    NTILE(100) OVER (ORDER BY place) AS hundredth,
    CASE
      WHEN net_sales > 0 AND (so_far - net_sales) * 100 < everything * 80 THEN 'A'
      WHEN net_sales > 0 AND (so_far - net_sales) * 100 < everything * 95 THEN 'B'
      ELSE 'C'
    END AS class
  FROM ranked
)
SELECT
  hundredth,
  class,
  COUNT(*) AS items,
  SUM(net_sales) AS net_sales
FROM classed
GROUP BY hundredth, class
ORDER BY hundredth, class
