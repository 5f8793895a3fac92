-- grain: one row a table and kind of defect
WITH planted AS (
    SELECT source_table, kind, count(*) AS planted, sum(CASE WHEN is_right THEN 1 ELSE 0 END) AS is_right
    FROM judged
    WHERE kind IS NOT NULL
    GROUP BY source_table, kind
),
outcomes AS (
    SELECT DISTINCT source_table, kind, expected, expected_reason
    FROM judged
    WHERE kind IS NOT NULL AND expected <> 'loaded'
),
wrongly AS (
    SELECT o.source_table, o.kind, count(*) AS wrongly
    FROM outcomes AS o
    JOIN judged AS j
        ON
            j.source_table = o.source_table
            AND j.found = o.expected
            AND j.found_reason IS NOT DISTINCT FROM o.expected_reason
    WHERE
        j.expected IS DISTINCT FROM j.found
        OR j.expected_reason IS DISTINCT FROM j.found_reason
    GROUP BY o.source_table, o.kind
)
SELECT
    p.source_table,
    p.kind,
    p.planted,
    p.is_right,
    coalesce(w.wrongly, 0) AS wrongly
FROM planted AS p
LEFT JOIN wrongly AS w ON w.source_table = p.source_table AND w.kind = p.kind
ORDER BY p.source_table, p.kind;
