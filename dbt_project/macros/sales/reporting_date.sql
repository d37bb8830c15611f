{# The local date of an instant (TIMESTAMP in UTC) in the reporting time zone (dictionary 0.3). #}
{% macro reporting_date(instant, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}
