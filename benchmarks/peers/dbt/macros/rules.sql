{# Models build into the schema that they name, without the target's in front of it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{% macro raw(table, columns) -%}
    SELECT * FROM read_csv(
        '{{ env_var("PEER_RAW") }}/{{ table }}*.csv', auto_detect = false, header = true,
        ignore_errors = true, strict_mode = false,
        columns = { {% for column in columns %}'{{ column }}': 'VARCHAR'{{ ", " if not loop.last }}{% endfor %} }
    )
{%- endmacro %}

{% macro present(v) -%}
    CASE WHEN trim({{ v }}) NOT IN ('', 'NULL', 'null', 'N/A', 'NA', 'None', 'nan', '-') THEN trim({{ v }}) END
{%- endmacro %}

{% macro whole(v) -%}
    CASE WHEN regexp_full_match(trim({{ v }}), '[+-]?[0-9]+([.]0*)?') THEN try_cast(trim({{ v }}) AS BIGINT) END
{%- endmacro %}

{% macro money(v) -%}
    CASE
        WHEN regexp_full_match(trim({{ v }}), '[$€£]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{1,4}0*)?')
            THEN try_cast(regexp_replace(trim({{ v }}), '[$€£,]', '', 'g') AS DECIMAL(18,4))
    END
{%- endmacro %}
