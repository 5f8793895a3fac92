-- grain: one row a version of one sale that is in quarantine
SELECT q.source_file, q.source_line, q.reason, q.detail, q.raw, q.run_id
FROM sales_held AS h
INNER JOIN quarantine AS q
    ON q.source_table = 'sales' AND q.source_file = h.source_file
    AND q.source_line = h.source_line
WHERE h.transaction_id = $id
ORDER BY q.source_file, q.source_line
