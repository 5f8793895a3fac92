-- grain: one row a sale that came, went, got another version, or whose product has changed
CREATE TEMP TABLE changed_sales AS
SELECT i."timestamp" FROM incoming_sales AS i
UNION ALL
SELECT v."timestamp" FROM versions AS v WHERE v.place = 'loaded'
UNION ALL
SELECT s."timestamp"
FROM sales AS s INNER JOIN changed_products AS p ON p.product_id = s.product_id
