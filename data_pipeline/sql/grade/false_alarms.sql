-- grain: one row
SELECT count(*) AS false_alarms
FROM judged
WHERE kind IS NULL;
