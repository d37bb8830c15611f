{# Local time and instants of UTC, set-based: `spans` has span_from, span_to and utc_offset of every stretch in
   which the reporting zone keeps one offset (act_clock_spans), joined to the row; both are aggregates. #}

{# The first instant at which the clocks show `local` or later: of a time they pass twice the first, of one
   they skip the instant they skip at. #}
{% macro first_instant(local, spans) -%}
    min(greatest({{ local }} - {{ spans }}.utc_offset, {{ spans }}.span_from)) filter (
        where {{ local }} - {{ spans }}.utc_offset < {{ spans }}.span_to
    )
{%- endmacro %}

{# The instant from which on the clocks show `local` or later: of a time they pass twice the second. #}
{% macro last_instant(local, spans) -%}
    max(least({{ local }} - {{ spans }}.utc_offset, {{ spans }}.span_to)) filter (
        where {{ local }} - {{ spans }}.utc_offset > {{ spans }}.span_from
    )
{%- endmacro %}

{# Local time of a date and a clock of HH:MM; 24:00 is the midnight that ends the date. #}
{% macro clock_time(date, clock) -%}
    cast({{ date }} as timestamp)
    + to_hours(cast(left({{ clock }}, 2) as integer))
    + to_minutes(cast(right({{ clock }}, 2) as integer))
{%- endmacro %}

{# Whole seconds between two instants whose clocks show whole seconds. #}
{% macro whole_seconds(earlier, later) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}
