-- grain: one row a run, the newest first
WITH loads AS (
    SELECT run_id, COUNT(*) AS files, CAST(SUM(rows_read) AS BIGINT) AS rows_read
    FROM ledger
    WHERE entry = 'load'
    GROUP BY run_id
)

SELECT
    r.run_id, r.started_at, r.finished_at, r.kind, r.status,
    COALESCE(l.files, 0) AS files, COALESCE(l.rows_read, 0) AS rows_read
FROM runs AS r LEFT JOIN loads AS l ON l.run_id = r.run_id
ORDER BY r.run_id DESC
LIMIT {most}
