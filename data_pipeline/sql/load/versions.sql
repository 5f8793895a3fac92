-- grain: one row a version of a contested key, with the place it has and the verdict on it
CREATE TEMP TABLE versions AS
WITH seen AS (
    SELECT {columns}, i.source_file, i.source_line, i.repairs, CAST(NULL AS VARCHAR) AS raw,
        'incoming' AS place
    FROM {incoming} AS i INNER JOIN contested AS k ON k.{key} = i.{key}
    UNION ALL
    SELECT {columns}, i.source_file, i.source_line, i.repairs, CAST(NULL AS VARCHAR) AS raw,
        'loaded' AS place
    FROM {table} AS i INNER JOIN contested AS k ON k.{key} = i.{key}
    UNION ALL
    SELECT {columns}, i.source_file, i.source_line, i.repairs, i.raw, 'held' AS place
    FROM {held} AS i INNER JOIN contested AS k ON k.{key} = i.{key}
),

copies AS (
    SELECT
        s.*,
        f.sort_key,
        ROW_NUMBER() OVER (
            PARTITION BY {columns_of_seen} ORDER BY f.sort_key, s.source_line
        ) AS copy
    FROM seen AS s INNER JOIN file_order AS f ON f.path = s.source_file
),

standings AS (
    SELECT
        c.*,
        ROW_NUMBER() OVER (
            PARTITION BY c.{key}, CASE WHEN c.copy = 1 THEN 1 ELSE 0 END
            ORDER BY c.updated_at DESC NULLS LAST, c.sort_key DESC, c.source_line DESC
        ) AS standing
    FROM copies AS c
)

SELECT
    {columns_of_standings}, i.source_file, i.source_line, i.repairs, i.raw, i.place,
    CASE
        WHEN i.copy > 1 THEN 'duplicate'
        WHEN i.standing > 1 THEN 'superseded'
        {orphan_cases}
        ELSE 'loaded'
    END AS verdict
FROM standings AS i {lookup_joins}
