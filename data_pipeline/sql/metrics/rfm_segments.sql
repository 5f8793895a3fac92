-- grain: one row an RFM segment; scores are fifths by rank, equal values get equal scores
WITH bought AS (
  SELECT
    s."customer_id" AS customer_id,
    CAST(MAX(CASE WHEN s."total_sales" > 0 THEN {sale_time} END) AS DATE) AS last_day,
    COUNT(DISTINCT CASE WHEN s."total_sales" > 0 THEN s."order_id" END)
      + COUNT(CASE WHEN s."total_sales" > 0 AND s."order_id" IS NULL THEN 1 END) AS orders,
    SUM(s."total_sales") AS net_sales
  FROM "sales" AS s
  WHERE s."customer_id" <> 0
  GROUP BY s."customer_id"
),
ranked AS (
  SELECT
    customer_id,
    last_day,
    orders,
    net_sales,
    (RANK() OVER (ORDER BY last_day) - 1) * 5 AS recency_rank,
    (RANK() OVER (ORDER BY orders) - 1) * 5 AS frequency_rank,
    COUNT(*) OVER () AS everybody
  FROM bought
  WHERE orders > 0
),
scored AS (
  SELECT
    customer_id,
    last_day,
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
    last_day,
    orders,
    net_sales
  FROM scored
)
SELECT
  segment,
  COUNT(*) AS customers,
  SUM(orders) AS orders,
  SUM(net_sales) AS net_sales
FROM named
GROUP BY segment
ORDER BY net_sales DESC, segment
