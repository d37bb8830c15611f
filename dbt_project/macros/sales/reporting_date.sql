{# The local date of an instant (TIMESTAMP in UTC) in the reporting time zone (dictionary 0.3). #}
{% macro reporting_date(instant, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{# The quarter of an hour an instant lies in: time zones differ by whole quarters, so a date may be taken of it. #}
{% macro quarter_hour(instant) -%}
    time_bucket(interval 15 minute, {{ instant }})
{%- endmacro %}
