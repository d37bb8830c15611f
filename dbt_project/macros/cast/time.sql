{#
    Instants and days. Everything becomes a TIMESTAMP in UTC; a date stays a date (formats 6.4).
    A text without offset is local time of the source's zone. A local time the clocks skipped is
    refused; one they passed twice is taken as the first and flagged.
#}

{% macro day_shape() %}[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}{% endmacro %}
{% macro clock_shape() %}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?{% endmacro %}
{% macro offset_shape() %} ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?){% endmacro %}


{% macro instant(text, zones) -%}
    {%- set zoned = "regexp_full_match(" ~ text ~ ", '" ~ day_shape() ~ clock_shape()
        ~ offset_shape() ~ "')" -%}
    {#- the two usual spellings are told by their places alone: the shapes below cost twice as much -#}
    case
        when {{ text }} like '____-__-__ __:__:__' and {{ text }} >= '0'
            then {{ local_instant('try_cast(' ~ text ~ ' as timestamp)', zones) }}
        when {{ text }} like '____-__-__T__:__:__.___Z' and {{ text }} >= '0'
            then try_cast({{ text }} as timestamp)
        when {{ zoned }} then {{ zoned_instant(text) }}
        when {{ is_day(text) }}
            then {{ local_instant('try_cast(' ~ text ~ ' as timestamp)', zones, true) }}
        when {{ is_local_time(text) }}
            then {{ local_instant('try_cast(' ~ text ~ ' as timestamp)', zones) }}
        else {{ epoch(text) }}
    end
{%- endmacro %}


{#
    An instant with its offset. A cast to TIMESTAMP drops the offset and +0900 is read as +09, so it goes
    through TIMESTAMPTZ with the colon put in; Z needs neither.
#}
{% macro zoned_instant(text) -%}
    case
        when right({{ text }}, 1) = 'Z' then try_cast({{ text }} as timestamp)
        else make_timestamp(epoch_us(try_cast(
            regexp_replace(upper({{ text }}), '([+-][0-9]{2})([0-9]{2})$', '\1:\2')
            as timestamptz
        )))
    end
{%- endmacro %}


{% macro is_day(text) -%}
    regexp_full_match({{ text }}, '{{ day_shape() }}')
{%- endmacro %}


{% macro is_local_time(text) -%}
    regexp_full_match({{ text }}, '{{ day_shape() }}({{ clock_shape() }})?')
{%- endmacro %}


{# Seconds, or milliseconds from 1e11 on (formats 6.4, rule 1). #}
{% macro epoch(text) -%}
    case
        when regexp_full_match({{ text }}, '[0-9]{1,11}([.][0-9]+)?')
            and try_cast({{ text }} as double) < 1e11
            then make_timestamp(cast(try_cast({{ text }} as double) * 1000000 as bigint))
        when regexp_full_match({{ text }}, '[0-9]{12,14}([.]0+)?')
            then make_timestamp(try_cast(split_part({{ text }}, '.', 1) as bigint) * 1000)
    end
{%- endmacro %}


{% macro epoch_or_instant(text, zones) -%}
    coalesce({{ epoch(text) }}, {{ instant(text, zones) }})
{%- endmacro %}


{#
    UTC of a naive local timestamp in the row's zone. A day without a clock means its first instant,
    also where the clocks skip midnight (Brazil until 2018).
#}
{% macro local_instant(local, zones, is_day=false, zone_column='time_zone') -%}
    {%- if zones -%}
        case {{ zone_column }}
        {%- for zone in zones %}
            when {{ literal(zone.name) }} then
            {%- if zone.offset is not none %} {{ local }} - to_seconds({{ zone.offset }})
            {%- else %} {{ shifting_local_instant(local, zone.name, is_day) }}
            {%- endif %}
        {%- endfor %}
        end
    {%- else -%}
        cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}


{# In a zone whose clocks change: the engine's answer, or an earlier one with the same local time. #}
{% macro shifting_local_instant(local, zone, is_day) -%}
    {%- set utc = "timezone('UTC', timezone(" ~ literal(zone) ~ ', ' ~ local ~ '))' -%}
    case
        when {{ local_at(utc ~ ' - interval 60 minute', zone) }} = {{ local }}
            then {{ utc }} - interval 60 minute
        when {{ local_at(utc ~ ' - interval 30 minute', zone) }} = {{ local }}
            then {{ utc }} - interval 30 minute
        {{ 'else ' ~ utc if is_day else 'when ' ~ local_at(utc, zone) ~ ' = ' ~ local ~ ' then ' ~ utc }}
    end
{%- endmacro %}


{# The local time a zone's clocks show at an instant of UTC. #}
{% macro local_at(utc, zone, is_column=false) -%}
    timezone({{ zone if is_column else literal(zone) }}, timezone('UTC', {{ utc }}))
{%- endmacro %}


{# An instant of every week in which a zone may have changed its clocks. #}
{% macro sampled_weeks() -%}
    unnest(generate_series(timestamp '2000-01-01', timestamp '2037-12-31', interval 7 day))
{%- endmacro %}


{# Whether any timestamp of the row is a local time its zone passed twice. #}
{% macro ambiguous_time(columns, reading) -%}
    {%- set shifting = reading.zones | selectattr('offset', 'none') | list -%}
    {%- set flags = [] -%}
    {%- for column in columns if column.type == 'timestamp' -%}
        {%- set text = quoted(column.name ~ '__text') -%}
        {%- set local = 'try_cast(' ~ text ~ ' as timestamp)' -%}
        {%- for zone in shifting -%}
            {%- set utc = "timezone('UTC', timezone(" ~ literal(zone.name) ~ ', ' ~ local ~ '))' -%}
            {%- set twice = [] -%}
            {%- for minutes in (-60, -30, 30, 60) -%}
                {%- do twice.append(
                    local_at(utc ~ ' + to_minutes(' ~ minutes ~ ')', zone.name) ~ ' = ' ~ local
                ) -%}
            {%- endfor -%}
            {%- do flags.append(
                'case when time_zone = ' ~ literal(zone.name) ~ ' and ' ~ is_local_time(text)
                ~ ' then ' ~ twice | join(' or ') ~ ' else false end'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if flags -%}
        coalesce({{ flags | join(', false) or coalesce(') }}, false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{# A day. Connectors write dates with a clock: it is dropped, unless an offset could shift the day. #}
{% macro calendar_day(text, is_month=false) -%}
    case
        when regexp_full_match(
            {{ text }},
            '{{ day_shape() }}({{ clock_shape() }}|[T ]00:00(:00([.]0+)?)?{{ offset_shape() }})?'
        ) then try_cast(regexp_extract({{ text }}, '^[^T ]+') as date)
        {%- if is_month %}
        when regexp_full_match({{ text }}, '[0-9]{4}[-/][0-9]{1,2}')
            then try_cast(replace({{ text }}, '/', '-') || '-01' as date)
        {%- endif %}
    end
{%- endmacro %}


{# A mapped source's own formats; one with %z carries its offset. #}
{% macro instant_by_format(text, formats, zones) -%}
    coalesce(
    {%- for format in formats -%}
        {%- set read = 'try_strptime(' ~ text ~ ', ' ~ literal(format) ~ ')' -%}
        {%- if '%z' in format %}
        timezone('UTC', {{ read }})
        {%- else %}
        {{ local_instant(read, zones, not has_clock(format)) }}
        {%- endif %}
        {{- ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}


{# Whether a strptime format reads a time of day. #}
{% macro has_clock(format) %}
    {%- do return(modules.re.search('%-?[HITXRcs]', format) is not none) -%}
{% endmacro %}


{# Whether a text is in one of the formats. #}
{% macro is_in_format(text, formats) -%}
    coalesce(
    {%- for format in formats %}
        try_strptime({{ text }}, {{ literal(format) }}) is not null or
    {%- endfor %} false, false)
{%- endmacro %}


{% macro day_by_format(text, formats) -%}
    coalesce(
    {%- for format in formats %}
        cast(try_strptime({{ text }}, {{ literal(format) }}) as date)
        {{- ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}


{# Midnight of a day in the source's zone, as an instant. #}
{% macro local_midnight(day, system) -%}
    {%- if execute -%}
        {{ local_instant(
            'cast(' ~ day ~ ' as timestamp)', time_zones(source('kura', 'sources'), system), true,
            'day_zone'
        ) }}
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}
