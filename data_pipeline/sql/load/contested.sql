-- grain: one row a key of which the new files and the warehouse hold more than one version
CREATE TEMP TABLE contested AS
SELECT d.{key} FROM {doubled} AS d
UNION
SELECT i.{key} FROM {incoming} AS i INNER JOIN {table} AS t ON t.{key} = i.{key}
UNION
SELECT i.{key} FROM {incoming} AS i INNER JOIN {held} AS h ON h.{key} = i.{key}
