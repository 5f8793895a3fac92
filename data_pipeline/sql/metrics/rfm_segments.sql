-- grain: one row an RFM segment; scores are fifths by rank, equal values get equal scores
WITH cells AS (
  SELECT last_day, orders, customers, net_sales
  FROM {cells} AS counted
),
days AS (
  SELECT last_day, SUM(customers) AS customers
  FROM cells
  GROUP BY last_day
),
counts AS (
  SELECT orders, SUM(customers) AS customers
  FROM cells
  GROUP BY orders
),
day_ranks AS (
  SELECT
    last_day,
    (
      SUM(customers) OVER (ORDER BY last_day ROWS UNBOUNDED PRECEDING) - customers
    ) * 5 AS recency_rank,
    SUM(customers) OVER () AS everybody
  FROM days
),
count_ranks AS (
  SELECT orders, (
      SUM(customers) OVER (ORDER BY orders ROWS UNBOUNDED PRECEDING) - customers
    ) * 5 AS frequency_rank
  FROM counts
),
ranked AS (
  SELECT
    c.orders AS orders,
    c.customers AS customers,
    c.net_sales AS net_sales,
    d.recency_rank AS recency_rank,
    n.frequency_rank AS frequency_rank,
    d.everybody AS everybody
  FROM cells AS c
  JOIN day_ranks AS d ON d.last_day = c.last_day
  JOIN count_ranks AS n ON n.orders = c.orders
),
scored AS (
  SELECT
    customers,
    orders,
    net_sales,
    CASE
      WHEN recency_rank < everybody THEN 1
      WHEN recency_rank < 2 * everybody THEN 2
      WHEN recency_rank < 3 * everybody THEN 3
      WHEN recency_rank < 4 * everybody THEN 4
      ELSE 5
    END AS recency,
    CASE
      WHEN frequency_rank < everybody THEN 1
      WHEN frequency_rank < 2 * everybody THEN 2
      WHEN frequency_rank < 3 * everybody THEN 3
      WHEN frequency_rank < 4 * everybody THEN 4
      ELSE 5
    END AS frequency
  FROM ranked
),
named AS (
  SELECT
    CASE
      WHEN recency = 5 AND frequency >= 4 THEN 'Champions'
      WHEN recency >= 3 AND frequency >= 4 THEN 'Loyal'
      WHEN recency >= 4 AND frequency >= 2 THEN 'Potential loyalists'
      WHEN recency = 5 THEN 'New'
      WHEN recency = 4 THEN 'Promising'
      WHEN recency = 3 AND frequency = 3 THEN 'Need attention'
      WHEN recency = 3 THEN 'About to sleep'
      WHEN frequency = 5 THEN 'Cannot lose them'
      WHEN frequency >= 3 THEN 'At risk'
      ELSE 'Hibernating'
    END AS segment,
    customers,
    orders,
    net_sales
  FROM scored
)
SELECT
  segment,
  CAST(SUM(customers) AS BIGINT) AS customers,
  CAST(SUM(orders * customers) AS BIGINT) AS orders,
  SUM(net_sales) AS net_sales
FROM named
GROUP BY segment
ORDER BY net_sales DESC, segment
