-- grain: one row a product or customer that was sold or bought at least once
SELECT s."{item}" AS item, SUM(s."total_sales") AS net_sales
FROM {sales} AS s
WHERE s."{item}" <> 0
GROUP BY s."{item}"
HAVING SUM(CASE WHEN s."total_sales" > 0 THEN 1 ELSE 0 END) > 0
