-- grain: one row a version that stays in quarantine
INSERT INTO {held}
SELECT {columns}, i.source_file, i.source_line, i.repairs, i.verdict,
    COALESCE(i.raw, r.raw, {rebuilt}), {run_id}
FROM versions AS i
LEFT JOIN raw_texts AS r ON r.source_file = i.source_file AND r.source_line = i.source_line
WHERE i.verdict NOT IN ('duplicate', 'loaded')
