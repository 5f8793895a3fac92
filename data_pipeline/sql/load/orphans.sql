-- grain: one row an uncontested new sale whose customer or product is not there
CREATE TEMP TABLE orphans AS
SELECT {columns}, i.source_file, i.source_line, i.repairs, CASE {orphan_cases} END AS reason
FROM {incoming} AS i {lookup_joins}
WHERE {orphan_test}
