{# `column in (…)` of a list, a line each. #}
{% macro any_of(column, values) -%}
    {{ column }} in (
        {%- for value in values %}
        '{{ value }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
