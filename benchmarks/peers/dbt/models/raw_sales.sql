{{ config(schema="raw", alias="sales") }}
{{ raw("sales", ["transaction_id", "customer_id", "product_id", "quantity", "price", "timestamp"]) }}
