-- grain: one row a file whose rows are taken back before everything is read again
INSERT INTO ledger
SELECT
    {run_id}, source_table, source_file,
    -SUM(rows_read), -SUM(rows_loaded), -SUM(rows_duplicate), -SUM(rows_quarantined),
    -SUM(rows_repaired), -SUM(amount_read), -SUM(amount_loaded), -SUM(amount_duplicate),
    -SUM(amount_quarantined), 'reversal'
FROM ledger
GROUP BY source_table, source_file
HAVING SUM(rows_read) <> 0
