-- grain: one row a table and set of repairs that rows of it have had, as a list of names
SELECT '{table}' AS source_table, "repairs" AS repairs, COUNT(*) AS repaired
FROM "{table}"
WHERE "repairs" IS NOT NULL
GROUP BY "repairs"
ORDER BY repaired DESC, repairs
