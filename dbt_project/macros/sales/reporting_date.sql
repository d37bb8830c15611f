{#
    The local date of an instant (TIMESTAMP in UTC) in the reporting time zone (dictionary 0.3). `settings`
    is a row of act_settings. Looking a zone up per row costs a hundred times what adding its offset does,
    so a zone that has kept one is added.
#}
{% macro reporting_date(instant, settings='settings') -%}
    cast({{ reporting_time(instant, settings) }} as date)
{%- endmacro %}


{# The local hour (0-23) of an instant in the reporting time zone. #}
{% macro reporting_hour(instant, settings='settings') -%}
    cast(date_part('hour', {{ reporting_time(instant, settings) }}) as integer)
{%- endmacro %}


{% macro reporting_time(instant, settings) -%}
    case
        when {{ settings }}.reporting_offset is not null then {{ instant }} + {{ settings }}.reporting_offset
        else timezone({{ settings }}.reporting_timezone, timezone('UTC', {{ instant }}))
    end
{%- endmacro %}


{# The quarter of an hour an instant lies in: time zones differ by whole quarters, so a date may be taken of it. #}
{% macro quarter_hour(instant) -%}
    time_bucket(interval 15 minute, {{ instant }})
{%- endmacro %}
