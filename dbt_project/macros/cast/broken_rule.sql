{#
    The first rule of its contract a row breaks, as code:column, or null. Read over `renamed`: the
    typed columns beside their texts. Windows are relative to the extraction: no clock is read.
#}
{% macro broken_rule(columns, reading, replaced) -%}
    {%- set whens = [] -%}
    {%- for column in columns -%}
        {%- do whens.append(rules_of(column, reading, column.name in replaced)) -%}
    {%- endfor -%}
    {%- if whens | join('') | trim -%}
        case
        {{- whens | join('') }}
        end
    {%- else -%}
        cast(null as varchar)
    {%- endif -%}
{%- endmacro %}


{#- is_replaced: the model derives the column anew, so its text alone says nothing about its absence -#}
{% macro rules_of(column, reading, is_replaced) -%}
    {%- set value = quoted(column.name) -%}
    {%- set text = quoted(column.name ~ '__text') -%}
    {%- if column.required and not is_replaced %}
            when {{ text }} is null then {{ literal('missing:' ~ column.name) }}
    {%- endif %}
    {%- if column.data_type == 'timestamp' %}
            when {{ text }} is not null and {{ value }} is null then
                case
                    {%- for source_id, said in reading.mapped.get(column.name, {}).items()
                        if said.formats %}
                    when source_id = {{ literal(source_id) }} then
                        case
                            when {{ is_in_format(text, said.formats) }}
                                then {{ literal('nonexistent_local_time:' ~ column.name) }}
                            else {{ literal('bad_timestamp:' ~ column.name) }}
                        end
                    {%- endfor %}
                    when {{ is_local_time(text) }} and time_zone is null
                        then {{ literal('no_time_zone:' ~ column.name) }}
                    when {{ is_local_time(text) }} and try_cast({{ text }} as timestamp) is not null
                        then {{ literal('nonexistent_local_time:' ~ column.name) }}
                    else {{ literal('bad_timestamp:' ~ column.name) }}
                end
            when {{ value }} < timestamp '2000-01-01'
                or {{ value }} > {{ "timestamp '2199-12-31'" if column.may_be_ahead
                    else 'extracted_at + interval 2 day' }}
                then {{ literal('out_of_range:' ~ column.name) }}
    {%- elif column.data_type in ('date', 'double', 'bigint', 'boolean') %}
        {%- if not column.unconfirmed %}
            when {{ text }} is not null and {{ value }} is null
                then {{ literal('bad_' ~ column.type ~ ':' ~ column.name) }}
        {%- endif %}
        {%- if column.data_type == 'date' %}
            when {{ value }} < date '1900-01-01' then {{ literal('out_of_range:' ~ column.name) }}
        {%- elif column.unconfirmed %}
        {%- elif column.type in ('percent', 'share') %}
            when {{ value }} not between 0 and 1 then {{ literal('out_of_range:' ~ column.name) }}
        {%- elif column.type == 'duration' %}
            when {{ value }} < 0 then {{ literal('negative:' ~ column.name) }}
        {%- elif column.data_type != 'boolean' %}
            {%- if column.minimum is defined %}
            when {{ value }} < {{ column.minimum }}
                then {{ literal('out_of_range:' ~ column.name) }}
            {%- endif %}
            {%- if column.maximum is defined %}
            when {{ value }} > {{ column.maximum }}
                then {{ literal('out_of_range:' ~ column.name) }}
            {%- endif %}
        {%- endif %}
    {%- elif column.type == 'salesforce_id' or column.is_id %}
            when {{ is_damaged_id(text, column.is_json) }}
                then {{ literal('damaged_id:' ~ column.name) }}
        {%- if column.type == 'salesforce_id' %}
            when {{ text }} is not null and {{ value }} is null
                then {{ literal('bad_salesforce_id:' ~ column.name) }}
        {%- endif %}
    {%- endif %}
    {%- if column.allowed and not column.unlisted %}
            when not {{ is_one_of(value, column.allowed) }}
                then {{ literal('not_allowed:' ~ column.name ~ ' (' ~ column.allowed | join(', ') ~ ')') }}
    {%- endif %}
    {%- if column.pattern %}
            when not regexp_full_match({{ value }}, {{ literal(column.pattern) }})
                then {{ literal('not_allowed:' ~ column.name ~ ' (' ~ column.pattern ~ ')') }}
    {%- endif %}
{%- endmacro %}


{#
    An id that went through a floating-point number and lost its last digits (formats 6.3.8): written as
    5.6353E+15, or, where JSON keeps numbers, with a fraction. Looking for one character first is cheaper
    than matching every id.
#}
{% macro is_damaged_id(text, is_json) -%}
    (contains({{ text }}, '+') or contains({{ text }}, '.')) and regexp_full_match(
        {{ text }},
        '[0-9]([.][0-9]+)?[eE][+][0-9]+|[0-9][.][0-9]+[eE][0-9]+{{ '|[0-9]+[.][0-9]+' if is_json }}'
    )
{%- endmacro %}
