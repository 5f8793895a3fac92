{{ config(schema="raw", alias="products") }}
{{ raw("products", ["product_id", "name", "category", "price"]) }}
