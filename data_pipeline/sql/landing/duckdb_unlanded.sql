-- Grain: one row, the first line of a record that differs from what landed last under its key.
WITH ranked AS (
    SELECT record_key, content,
        ROW_NUMBER() OVER (PARTITION BY record_key ORDER BY number DESC, source_line DESC) AS place
    FROM landed
),
latest AS (SELECT record_key, content FROM ranked WHERE place = 1)
SELECT a.source_line
FROM arrived AS a
LEFT JOIN latest AS l ON l.record_key = a.record_key
WHERE l.content IS DISTINCT FROM a.content
ORDER BY a.source_line
