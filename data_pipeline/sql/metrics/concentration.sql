-- grain: one row a hundredth of the items, the best sellers first, and ABC class; a hundredth is
-- known by the number of items before it, times 100, as NTILE(100) would cut them
WITH items AS (
  SELECT item, net_sales
  FROM {items} AS sold
),
totals AS (
  SELECT
    SUM(net_sales) AS everything,
    MOD(COUNT(*), 100) AS longer_ones,
    COUNT(*) - MOD(COUNT(*), 100) AS short_width
  FROM items
),
ranked AS (
  SELECT
    net_sales,
    (ROW_NUMBER() OVER (ORDER BY net_sales DESC, item) - 1) * 100 AS place,
    SUM(net_sales) OVER (ORDER BY net_sales DESC, item ROWS UNBOUNDED PRECEDING) AS so_far
  FROM items
),
classed AS (
  SELECT
    r.net_sales AS net_sales,
    CASE
      WHEN r.place < t.longer_ones * (t.short_width + 100)
        THEN r.place - MOD(r.place, t.short_width + 100)
      ELSE r.place
        - MOD(r.place - t.longer_ones * (t.short_width + 100), NULLIF(t.short_width, 0))
    END AS first_place,
    CASE
      WHEN r.net_sales > 0 AND (r.so_far - r.net_sales) * 100 < t.everything * 80 THEN 'A'
      WHEN r.net_sales > 0 AND (r.so_far - r.net_sales) * 100 < t.everything * 95 THEN 'B'
      ELSE 'C'
    END AS class
  FROM ranked AS r
  CROSS JOIN totals AS t
)
SELECT
  first_place,
  class,
  COUNT(*) AS items,
  SUM(net_sales) AS net_sales
FROM classed
GROUP BY first_place, class
ORDER BY first_place, class
