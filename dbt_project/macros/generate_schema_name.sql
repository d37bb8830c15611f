{# Schemas carry the exact names of the rooms (staging, activity, marts), without a target prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
