-- grain: one row a day whose sales or money are not those of the answer key
WITH found AS (
    SELECT
        CAST("timestamp" AS DATE) AS day,
        count(*) AS sales,
        CAST(sum(total_sales) AS DECIMAL(38, 4)) AS amount
    FROM sales
    GROUP BY CAST("timestamp" AS DATE)
)
SELECT
    coalesce(t.day, f.day) AS day,
    coalesce(t.sales_loaded, 0) AS sales_expected,
    coalesce(f.sales, 0) AS sales_found,
    coalesce(t.amount_loaded, 0) AS amount_expected,
    coalesce(f.amount, 0) AS amount_found
FROM answer_totals AS t
FULL JOIN found AS f ON f.day = t.day
WHERE
    coalesce(t.sales_loaded, 0) <> coalesce(f.sales, 0)
    OR coalesce(t.amount_loaded, 0) <> coalesce(f.amount, 0)
ORDER BY day;
