-- grain: one row an orphan that stays in quarantine
INSERT INTO {held}
SELECT {columns}, i.source_file, i.source_line, i.repairs, o.reason,
    COALESCE(r.raw, {rebuilt}), {run_id}
FROM {incoming} AS i
INNER JOIN orphans AS o ON o.{key} = i.{key}
LEFT JOIN raw_texts AS r ON r.source_file = i.source_file AND r.source_line = i.source_line
