-- grain: one row
SELECT
    (SELECT count(*) FROM answer_totals) AS days,
    (SELECT coalesce(sum(amount_loaded), 0) FROM answer_totals) AS expected,
    (SELECT coalesce(CAST(sum(total_sales) AS DECIMAL(38, 4)), 0) FROM sales) AS found;
