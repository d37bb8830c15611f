{# The local hour (0-23) of an instant (TIMESTAMP in UTC) in the reporting time zone. #}
{% macro reporting_hour(instant, zone) -%}
    cast(
        date_part('hour', timezone({{ zone }}, timezone('UTC', {{ instant }}))) as integer
    )
{%- endmacro %}
