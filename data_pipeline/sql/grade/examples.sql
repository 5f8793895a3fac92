-- grain: one row a record that was judged wrong; the first few of each kind
WITH wrong AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY source_table, kind
            ORDER BY source_file, source_line
        ) AS nth
    FROM judged
    WHERE NOT is_right
)
SELECT
    source_file || ':' || source_line || ' (' || coalesce(kind, 'nothing planted') || '): '
    || found || coalesce(' ' || found_reason, '')
    || CASE
        WHEN kind IS NULL THEN ''
        WHEN expected = found AND expected_reason IS NOT DISTINCT FROM found_reason
            THEN ' with another value than ' || coalesce(expected_value, 'NULL')
        ELSE ' instead of ' || expected || coalesce(' ' || expected_reason, '')
    END AS example
FROM wrong
WHERE nth <= 3
ORDER BY source_table, kind, source_file, source_line;
