-- grain: one row a record that is not in the star, and why
CREATE VIEW quarantine AS
SELECT source_table, source_file, source_line, reason, detail, raw, run_id, amount
FROM rejected
UNION ALL
SELECT 'customers', source_file, source_line, reason, {customers_detail}, raw, run_id, NULL
FROM customers_held
UNION ALL
SELECT 'products', source_file, source_line, reason, {products_detail}, raw, run_id, NULL
FROM products_held
UNION ALL
SELECT 'sales', source_file, source_line, reason, {sales_detail}, raw, run_id, total_sales
FROM sales_held
