-- grain: one row a table of the star, over all runs: where every row that was read has ended
SELECT
  "source_table" AS source_table,
  SUM("rows_read") AS rows_read,
  SUM("rows_loaded") AS rows_loaded,
  SUM("rows_duplicate") AS rows_duplicate,
  SUM("rows_quarantined") AS rows_quarantined,
  SUM("rows_repaired") AS rows_repaired,
  SUM("amount_loaded") AS amount_loaded,
  SUM("amount_quarantined") AS amount_quarantined
FROM "ledger"
GROUP BY "source_table"
ORDER BY source_table
