-- grain: one row a table and reason, with the rows in quarantine and what of them can be valued
SELECT
  "source_table" AS source_table,
  "reason" AS reason,
  COUNT(*) AS quarantined,
  SUM("amount") AS amount
FROM "quarantine"
GROUP BY "source_table", "reason"
ORDER BY quarantined DESC, source_table, reason
