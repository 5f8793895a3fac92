-- grain: one row a record that is in the answer key, or that was repaired or quarantined
CREATE TEMP TABLE judged AS
WITH observed AS (
    SELECT 'customers' AS source_table, source_file, source_line, repairs FROM customers
    UNION ALL
    SELECT 'products' AS source_table, source_file, source_line, repairs FROM products
    UNION ALL
    SELECT 'sales' AS source_table, source_file, source_line, repairs FROM sales
),
outcomes AS (
    SELECT
        source_table,
        source_file,
        source_line,
        CASE WHEN repairs IS NULL THEN 'loaded' ELSE 'repaired' END AS verdict,
        repairs AS reason
    FROM observed
    WHERE
        repairs IS NOT NULL
        OR (source_table, source_file, source_line) IN (
            SELECT (source_table, source_file, source_line) FROM answer_key
        )
    UNION ALL
    SELECT
        source_table,
        source_file,
        source_line,
        CASE WHEN reason = 'superseded' THEN 'superseded' ELSE 'quarantined' END AS verdict,
        reason
    FROM quarantine
)
SELECT
    coalesce(k.source_table, o.source_table) AS source_table,
    coalesce(k.source_file, o.source_file) AS source_file,
    coalesce(k.source_line, o.source_line) AS source_line,
    k.kind,
    k.verdict AS expected,
    k.reason AS expected_reason,
    k.value AS expected_value,
    coalesce(o.verdict, CASE WHEN k.kind IS NOT NULL THEN 'duplicate' END) AS found,
    o.reason AS found_reason,
    k.kind IS NOT NULL
    AND coalesce(o.verdict, 'duplicate') = k.verdict
    AND o.reason IS NOT DISTINCT FROM k.reason
    AND (
        k."column" IS NULL
        OR k.verdict NOT IN ('loaded', 'repaired')
        OR v.source_line IS NOT NULL
    ) AS is_right
FROM answer_key AS k
FULL JOIN outcomes AS o
    ON
        o.source_table = k.source_table
        AND o.source_file = k.source_file
        AND o.source_line = k.source_line
LEFT JOIN right_values AS v
    ON
        v.source_table = k.source_table
        AND v.source_file = k.source_file
        AND v.source_line = k.source_line;
