-- grain: one row a file, over all runs
-- (in HAVING, BigQuery takes a bare name for that of the answer)
SELECT
    source_table,
    source_file,
    CAST(SUM(rows_read) AS BIGINT) AS rows_read,
    CAST(SUM(rows_loaded) AS BIGINT) AS rows_loaded,
    CAST(SUM(rows_duplicate) AS BIGINT) AS rows_duplicate,
    CAST(SUM(rows_quarantined) AS BIGINT) AS rows_quarantined,
    CAST(SUM(rows_repaired) AS BIGINT) AS rows_repaired,
    SUM(amount_loaded) AS amount_loaded,
    SUM(amount_quarantined) AS amount_quarantined
FROM ledger AS l
GROUP BY source_table, source_file
HAVING SUM(l.rows_read) <> 0 OR SUM(l.rows_loaded) <> 0
ORDER BY source_table, source_file
