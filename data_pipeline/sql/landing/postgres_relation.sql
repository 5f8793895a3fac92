-- Grain: one row, the table and all its parts by number, with its server; none for a view.
WITH RECURSIVE parts AS (
    SELECT c.oid FROM pg_class AS c
    WHERE c.oid = to_regclass({table}) AND c.relkind IN ('r', 'p', 'm')
    UNION ALL
    SELECT i.inhrelid FROM pg_inherits AS i JOIN parts AS p ON i.inhparent = p.oid
)
SELECT CONCAT_WS(
    '/',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
    STRING_AGG(CAST(p.oid AS TEXT), '+' ORDER BY p.oid)
)
FROM parts AS p
HAVING COUNT(*) > 0
