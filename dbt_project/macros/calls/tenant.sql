{# A telephone tenant's code, however rows and sources.yml spell it. #}
{% macro tenant(text) -%}
    nullif(lower(trim({{ text }})), '')
{%- endmacro %}
