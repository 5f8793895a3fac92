-- grain: one row a held sale whose missing customer or product has come
INSERT INTO contested
SELECT h.transaction_id
FROM sales_held AS h
LEFT JOIN customers AS c ON c.customer_id = h.customer_id
LEFT JOIN products AS p ON p.product_id = h.product_id
LEFT JOIN contested AS k ON k.transaction_id = h.transaction_id
WHERE
    h.reason <> 'superseded'
    AND c.customer_id IS NOT NULL
    AND (p.product_id IS NOT NULL OR h.reason = 'orphan_customer')
    AND k.transaction_id IS NULL
