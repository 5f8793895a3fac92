{{ config(schema="raw", alias="customers") }}
{{ raw("customers", ["customer_id", "name", "email", "location"]) }}
