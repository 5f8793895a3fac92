-- grain: one row an orphan that stays in quarantine
INSERT INTO {held}
SELECT {columns}, i.source_file, i.source_line, i.repairs, i.reason,
    COALESCE(r.raw, {rebuilt}), {run_id}
FROM orphans AS i
LEFT JOIN raw_texts AS r ON r.source_file = i.source_file AND r.source_line = i.source_line
