{#
    What every phone system's legs have in common, whatever they were read from.
#}

{#
    The result of a leg: the vendor's word, else what its instants say. `is_open`: the leg has not ended
    as far as its system can tell, so it is not counted yet (formats 4.1).
#}
{% macro telephony_result(said, direction, answered_at, is_open) -%}
    case
        when {{ said }} is not null and {{ said }} <> 'unknown'
            and not ({{ said }} in ('no_answer', 'abandoned') and {{ answered_at }} is not null)
            then {{ said }}
        when {{ is_open }} then 'in_progress'
        when {{ answered_at }} is not null then 'answered'
        when {{ direction }} = 'inbound' then 'abandoned'
        else 'no_answer'
    end
{%- endmacro %}


{# Rules of formats 6.4 for a leg, tried after those of its contract. #}
{% macro leg_rules() %}
    {%- do return([
        ('end_before_start',
            'answered_at < started_at or ended_at < started_at or ended_at < answered_at'),
        ('starts_after_extraction', 'started_at > extracted_at + interval 5 minute'),
    ]) -%}
{% endmacro %}


{#
    A file most of whose talk the instants contradict has its durations in another unit (formats 6.5).
    A few legs prove nothing.
#}
{% macro leg_reading_rules(connected_seconds='talk_seconds') %}
    {%- set comparable =
        'talk_seconds is not null and answered_at is not null and ended_at >= answered_at' -%}
    {%- set mismatch = talk_mismatch(connected_seconds, 'answered_at', 'ended_at') | trim -%}
    {%- do return([(
        'unit_error:talk_seconds',
        'count(*) filter (where ' ~ comparable ~ ') >= 20 and 2 * count(*) filter (where '
        ~ comparable ~ ' and ' ~ mismatch ~ ') > count(*) filter (where ' ~ comparable ~ ')'
    )]) -%}
{% endmacro %}


{# Longer than half a day: kept, flagged, left out of averages. #}
{% macro is_overlong(started_at, ended_at, talk_seconds) -%}
    coalesce({{ ended_at }} > {{ started_at }} + interval 12 hour, false)
    or coalesce({{ talk_seconds }} > 43200, false)
{%- endmacro %}


{# Talk and hold that the instants contradict by more than 2 s and 5 %. #}
{% macro talk_mismatch(connected_seconds, answered_at, ended_at) -%}
    coalesce(
        abs({{ connected_seconds }} - {{ seconds_between(answered_at, ended_at) }})
        > greatest(2, 0.05 * {{ seconds_between(answered_at, ended_at) }}),
        false
    )
{%- endmacro %}


{% macro seconds_between(started_at, ended_at) -%}
    date_diff('millisecond', {{ started_at }}, {{ ended_at }}) / 1000
{%- endmacro %}
