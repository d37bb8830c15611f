{# scope_type and scope_key of a row of grouping sets by one column or none: {scope: column or none}. #}
{% macro scope_of_grouping(scopes) -%}
    case
        {% for scope, column in scopes.items() if column -%}
        when grouping({{ column }}) = 0 then '{{ scope }}'
        {% endfor -%}
        else 'company'
    end as scope_type,
    case
        {% for column in scopes.values() if column -%}
        when grouping({{ column }}) = 0 then {{ column }}
        {% endfor -%}
        else 'company'
    end as scope_key
{%- endmacro %}
