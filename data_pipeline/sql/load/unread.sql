-- grain: one row a record that goes to quarantine and whose text has to be fetched
SELECT v.source_file, v.source_line
FROM versions AS v
WHERE v.verdict NOT IN ('duplicate', 'loaded') AND v.raw IS NULL
UNION ALL
SELECT o.source_file, o.source_line
FROM orphans AS o
