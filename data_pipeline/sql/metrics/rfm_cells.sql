-- grain: one row a last buying day and number of orders, with the customers who have both
SELECT last_day, orders, COUNT(*) AS customers, SUM(net_sales) AS net_sales
FROM {bought} AS bought
WHERE orders > 0
GROUP BY last_day, orders
